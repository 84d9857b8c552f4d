/** Part of `npm run build:demo`: writes recorded data for the panel as a page of the documentation. */

import { writeFile } from 'node:fs/promises';
import { recorded } from './recorded';

const file = process.argv.at(-1);
if (!file?.endsWith('.json')) throw new Error('name the file to write, such as dist-demo/recorded.json');
await writeFile(file, `${JSON.stringify(recorded())}\n`);
