#!/usr/bin/env node
// The command's first lines. CommonJS on purpose: Node reads an ES module through libuv's thread pool, and after that the
// pool keeps the size it has (4: four hung syncs would stop every cold read).
process.env['UV_THREADPOOL_SIZE'] ??= '8'
void import('./program.ts').then(({ main }) => main(process))
