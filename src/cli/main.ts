#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { setFlagsFromString } from 'node:v8';

// docs/decisions/memory-of-v8.md
setFlagsFromString('--heap-growing-percent=200');
setFlagsFromString('--no-allocation-site-pretenuring');

// the second start of a version costs half the processor time; what is imported statically would be compiled before this line
enableCompileCache();
await import('./program.ts');
