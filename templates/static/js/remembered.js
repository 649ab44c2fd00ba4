// What this browser remembers of files on their way, so that after a reload the same file goes on and no other.
const NAME = "challenge-uploads";
const EDGE = 1 << 20;

function opened() {
  return new Promise((good, bad) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore("uploads", { keyPath: "id" });
    request.onsuccess = () => good(request.result);
    request.onerror = () => bad(request.error);
  });
}

async function inStore(mode, work) {
  const database = await opened();
  try {
    return await new Promise((good, bad) => {
      const request = work(database.transaction("uploads", mode).objectStore("uploads"));
      request.onsuccess = () => good(request.result);
      request.onerror = () => bad(request.error);
    });
  } finally {
    database.close();
  }
}

// Private windows may have no such memory: then a reload begins anew, and nothing else is lost.
const quietly = (work) => work.catch(() => undefined);

export const remember = (entry) => quietly(inStore("readwrite", (store) => store.put(entry)));
export const remembered = (id) => quietly(inStore("readonly", (store) => store.get(id)));
export const forget = (id) => quietly(inStore("readwrite", (store) => store.delete(id)));

// Name, size, date and both ends: enough to tell the same file from another one without reading all of it.
export async function printOf(file, sha256) {
  const [first, last] = [await sha256(file.slice(0, EDGE)), await sha256(file.slice(Math.max(0, file.size - EDGE)))];
  return { name: file.name, size: file.size, modified: file.lastModified, first, last };
}

export const isSame = (one, other) => one.size === other.size && one.first === other.first && one.last === other.last;
