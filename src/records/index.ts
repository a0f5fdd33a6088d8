// What the layers above import from records/: the batch, its checks, building and reading. Re-exports only.

export * from './batch.ts'
export * from './build.ts'
export * from './check.ts'
export { type CodecName, codecNames, compress, decompress, decompressedBytesMax } from './compression.ts'
export * from './cursor.ts'
export * from './read.ts'
export { recompress } from './recompress.ts'
