// client.mjs JOB - one upload by tus-js-client. JOB is JSON: endpoint, authorization,
// file, options (tus-js-client's own), store (a file that keeps addresses), stop_at (bytes
// after which it is given up), terminate, stream. Prints a JSON object a line: what happens.
import fs from "node:fs";
import { PassThrough } from "node:stream";
import * as tus from "tus-js-client";

const job = JSON.parse(process.argv[2]);
const say = (what) => process.stdout.write(JSON.stringify(what) + "\n");
let told = 0;

const options = {
  endpoint: job.endpoint,
  headers: { Authorization: job.authorization },
  onAfterResponse(request, response) {
    const headers = {};
    for (const name of ["Dozo-Node", "ETag", "Dozo-Commit", "Dozo-Sites", "Upload-Offset"])
      headers[name] = response.getHeader(name);
    say({ method: request.getMethod(), status: response.getStatus(), headers });
  },
  onUploadUrlAvailable: () => say({ url: upload.url }),
  onProgress(sent, all) {
    if (sent - told < 1 << 20 && sent !== all) return;
    told = sent;
    say({ sent });
    if (job.stop_at && sent >= job.stop_at) stop();
  },
  onError(error) {
    const status = error.originalResponse ? error.originalResponse.getStatus() : 0;
    say({ error: String(error.message).slice(0, 300), status });
    process.exitCode = 1;
  },
  onSuccess: () => say({ done: true }),
  ...job.options,
};
if (job.store) options.urlStorage = new tus.FileUrlStorage(job.store);

async function stop() {
  await upload.abort(Boolean(job.terminate));
  say({ stopped: upload.url });
  process.exit(0);
}

const file = fs.createReadStream(job.file);
const source = job.stream ? file.pipe(new PassThrough()) : file;
const upload = new tus.Upload(source, options);
if (job.store) {
  const before = await upload.findPreviousUploads();
  say({ found: before.length });
  if (before.length > 0) upload.resumeFromPreviousUpload(before[0]);
}
upload.start();
