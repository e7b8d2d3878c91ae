import { digest128 } from './digest.ts';

/** A constant in a canonical form; texts are JSON strings, so that nothing inside one looks like it. */
const CONSTANT = /\{"A_Const":\{(?:"isnull":true|"\w+":\{(?:"\w+":(?:"(?:[^"\\]|\\.)*"|[^"{}]*))?\})\}\}/g;
const REPEATED = /"\?"(?:,"\?")+/g;

/** Key of a canonical form without its constants: lists of them count as one, however long. For statistics only: queries of one shape answer differently. */
export function shapeOf(canonical: string): string {
  return digest128(canonical.replace(CONSTANT, '"?"').replace(REPEATED, '"?"'));
}
