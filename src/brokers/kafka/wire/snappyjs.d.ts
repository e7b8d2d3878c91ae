/** The package has no types; given a Buffer it gives a Buffer. */
declare module 'snappyjs' {
  export function compress(bytes: Buffer): Buffer;
  export function uncompress(bytes: Buffer): Buffer;
}
