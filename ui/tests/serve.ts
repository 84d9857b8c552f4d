/** `npm run serve:test`: the test server alone, to look at the built panel with changing data. */

import { TestServer } from './server';

const server = await TestServer.start({ port: Number(process.env.PORT ?? 0) });
server.play();
console.log(server.url());
