import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

/** Who may import whom inside src/ (docs/architecture.md). A layer may always import itself. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  kernels: ['core'],
  operators: ['core', 'kernels'],
  formats: ['core'],
  brokers: ['core'],
  telemetry: ['core'],
  topology: ['core', 'formats'],
  runtime: ['core', 'topology'],
  quarantine: ['core', 'formats', 'brokers', 'topology'],
  export: ['core', 'formats', 'brokers'],
  http: ['core', 'telemetry'],
  testing: ['core', 'kernels', 'operators', 'formats', 'brokers', 'topology', 'runtime', 'telemetry'],
  cli: [
    'core',
    'kernels',
    'operators',
    'formats',
    'brokers',
    'topology',
    'runtime',
    'quarantine',
    'export',
    'telemetry',
    'http',
    'testing',
    '.',
  ],
  // src/*.ts: the package's entry points
  '.': ['core', 'kernels', 'operators', 'formats', 'brokers', 'topology', 'runtime', 'telemetry', 'http'],
};

/** Layers whose sources may import rxjs. core and testing: types of the broker port; brokers: streams of assignments. */
const RX_LAYERS = new Set(['core', 'brokers', 'topology', 'runtime', 'testing', '.']);

/** Words that belong to one place. */
const CONFINED: readonly {
  readonly pattern: RegExp;
  readonly allowed: (file: string) => boolean;
  readonly word: string;
}[] = [
  { word: 'process.env', pattern: /\bprocess\.env\b/, allowed: (file) => file.startsWith('cli/') },
  { word: 'process.exit', pattern: /\bprocess\.exit(Code)?\b/, allowed: (file) => file.startsWith('cli/') },
  { word: 'console', pattern: /\bconsole\.(log|error|warn|info|debug)\(/, allowed: (file) => file.startsWith('cli/') },
  { word: 'Date.now', pattern: /\bDate\.now\(/, allowed: (file) => file === 'core/clock.ts' },
  { word: 'Math.random', pattern: /\bMath\.random\(/, allowed: (file) => file === 'core/clock.ts' },
];

export interface SourceFile {
  /** Relative to src/, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

export function readSources(root: string): SourceFile[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.includes(`${sep}console${sep}app${sep}`)) // browser code: bundled apart, has its own world
    .map((file) => ({ path: relative(root, file).split(sep).join('/'), text: readFileSync(file, 'utf8') }));
}

/** One line a violation; empty when the layers hold. */
export function checkArchitecture(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => [...importViolations(file), ...wordViolations(file)]);
}

function layerOf(path: string): string {
  return path.includes('/') ? (path.split('/')[0] ?? '.') : '.';
}

function importViolations(file: SourceFile): string[] {
  const layer = layerOf(file.path);
  const allowed = LAYERS[layer];
  if (allowed === undefined) return [`${file.path}: folder ${layer} has no layer; add it to scripts/architecture.ts`];
  const violations: string[] = [];
  for (const match of file.text.matchAll(
    /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g,
  )) {
    const target = match[1] ?? match[2] ?? '';
    if (target === 'rxjs' || target.startsWith('rxjs/')) {
      if (!RX_LAYERS.has(layer)) violations.push(`${file.path}: ${layer} may not import rxjs`);
    } else if (target.startsWith('.')) {
      const resolved = relative(resolve('/src'), resolve('/src', dirname(file.path), target))
        .split(sep)
        .join('/');
      const other = layerOf(resolved);
      if (other !== layer && !allowed.includes(other))
        violations.push(`${file.path}: ${layer} may not import ${other} (${target})`);
    }
  }
  return violations;
}

function wordViolations(file: SourceFile): string[] {
  const code = file.text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');
  return CONFINED.filter((rule) => rule.pattern.test(code) && !rule.allowed(file.path)).map(
    (rule) => `${file.path}: ${rule.word} is not allowed here`,
  );
}
