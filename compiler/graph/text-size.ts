/** Sizes of type in the picture, in pixels. */
export const fonts = {
  title: { size: 13, family: "ui-sans-serif, system-ui, 'Helvetica Neue', Arial, sans-serif" },
  note: { size: 10.5, family: "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" },
} as const;

/** Letters of a proportional face that are clearly narrower or wider than the rest. */
const narrow = /[.,:;'|!ijlItfr()[\]]/;
const wide = /[mwMW@%]/;

/** The width of a text in pixels, a little on the safe side: which face the reader has is not known. */
export function textSize(text: string, font: keyof typeof fonts): number {
  const { size } = fonts[font];
  if (font === "note")
    return Math.ceil([...text].reduce((sum, one) => sum + (one.codePointAt(0)! > 0x2e7f ? 1.2 : 0.61), 0) * size);
  const widths = [...text].map((one) =>
    one.codePointAt(0)! > 0x2e7f
      ? 1.05
      : narrow.test(one)
        ? 0.38
        : wide.test(one)
          ? 0.95
          : /[A-Z]/.test(one)
            ? 0.72
            : 0.6,
  );
  return Math.ceil(widths.reduce((sum, one) => sum + one, 0) * size);
}
