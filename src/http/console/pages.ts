import type { SampleView, View } from '../../telemetry/view.ts';
import type { ConsoleAssets } from './assets.ts';

/** The page of the console; everything it needs comes from this server. */
export const CONSOLE_PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sluice</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/console.css">
</head>
<body><div id="app"></div><script src="/console.js"></script></body>
</html>
`;

/** Nothing from elsewhere, no inline script, no frame around it. */
export const CONSOLE_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export interface ReportContent {
  readonly view: View;
  readonly records: readonly SampleView[];
}

/** One file that opens from disk: the console's own components over one view. Data can end no element and start no script. */
export function reportPage({ script, style }: ConsoleAssets, content: ReportContent): string {
  const data = JSON.stringify(content).replace(
    /[<\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="content-security-policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:">
<title>${escapeHtml(content.view.topology)} – Sluice report</title>
<style>${style}</style>
</head>
<body><div id="app"></div>
<script type="application/json" id="report">${data}</script>
<script>${script.replace(/<\/script/gi, '<\\/script')}</script></body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
