import fc from 'fast-check';

/** A law that names no seed of its own draws the same cases on every run; the long tests draw others. */
fc.configureGlobal({ seed: 20_260_101 });
