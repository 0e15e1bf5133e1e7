/** "Did you mean …?", as the grammar asks it. */
export { editDistance, suggest, suggestions } from "../../grammar/suggest.ts";
