/** Colours blocks of the language in Markdown, whose own grammar this goes into. */
export const markdownGrammar = {
  $schema: "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
  name: "Mesh in Markdown",
  scopeName: "markdown.mesh.codeblock",
  fileTypes: [],
  injectionSelector: "L:text.html.markdown",
  patterns: [{ include: "#block" }],
  repository: {
    block: {
      name: "markup.fenced_code.block.markdown",
      begin: "(^|\\G)(\\s*)(`{3,}|~{3,})\\s*(?i:(mesh)((?:\\s+|:|,|\\{|\\?)[^`]*)?$)",
      end: "(^|\\G)(\\2|\\s{0,3})(\\3)\\s*$",
      beginCaptures: {
        3: { name: "punctuation.definition.markdown" },
        4: { name: "fenced_code.block.language.markdown" },
        5: { name: "fenced_code.block.language.attributes.markdown" },
      },
      endCaptures: { 3: { name: "punctuation.definition.markdown" } },
      patterns: [
        {
          begin: "(^|\\G)(\\s*)(.*)",
          while: "(^|\\G)(?!\\s*([`~]{3,})\\s*$)",
          contentName: "meta.embedded.block.mesh",
          patterns: [{ include: "source.mesh" }],
        },
      ],
    },
  },
} as const;
