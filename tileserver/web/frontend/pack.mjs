// Pack the files of the build beside themselves, `.br` and `.gz`, so that the server compresses none of them.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const { BROTLI_PARAM_MODE, BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT, BROTLI_MODE_TEXT } = constants;

const brotli = (data) =>
  brotliCompressSync(data, {
    params: {
      [BROTLI_PARAM_MODE]: BROTLI_MODE_TEXT,
      [BROTLI_PARAM_QUALITY]: 11,
      [BROTLI_PARAM_SIZE_HINT]: data.length,
    },
  });

/** Write both packed forms of the text files `names` in `folder`; return each name with its bytes in Brotli. */
export function pack(folder, names) {
  return names.map((name) => {
    const data = readFileSync(join(folder, name));
    const packed = brotli(data);
    writeFileSync(join(folder, `${name}.br`), packed);
    writeFileSync(join(folder, `${name}.gz`), gzipSync(data, { level: 9 }));
    return [name, packed.length];
  });
}
