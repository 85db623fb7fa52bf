// Writes a .br and a .gz beside every text file of a folder, so that the server never compresses the same page twice.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const folder = process.argv[2];
if (folder === undefined) throw new Error("usage: compress.mjs FOLDER");
const files = await readdir(folder, { recursive: true });
for (const file of files.filter((name) => /\.(js|css|html|svg|json)$/.test(name))) {
  const path = join(folder, file);
  const text = await readFile(path);
  await writeFile(`${path}.br`, brotliCompressSync(text));
  await writeFile(`${path}.gz`, gzipSync(text, { level: constants.Z_BEST_COMPRESSION }));
}
