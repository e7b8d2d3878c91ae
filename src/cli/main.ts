#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

// the second start of a version costs half the processor time; what is imported statically would be compiled before this line
enableCompileCache();
await import('./program.ts');
