// A worker: reads a piece of a file and gives back its SHA-256, so that the page never waits for it.
const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, "0")).join("");

addEventListener("message", async ({ data: { id, piece } }) => {
  try {
    postMessage({ id, sha256: hex(await crypto.subtle.digest("SHA-256", await piece.arrayBuffer())) });
  } catch (error) {
    postMessage({ id, fault: String(error?.name ?? error) });
  }
});
