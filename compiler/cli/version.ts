// The bundler keeps only this one name of the file.
export { version } from "../../package.json";
