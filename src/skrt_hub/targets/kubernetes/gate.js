// The chart's proxy answers to the hub's own names only, and asks for the visitor's mark before it leads a browser to a
// participant's server: the proxy's half of skrt_hub/hub/visitors.py, where the reasons stand. Node loads it before
// configurable-http-proxy (NODE_OPTIONS), whose own code stays as it is. The secret is the one that hub and proxy share.
import crypto from "node:crypto";
import http from "node:http";
import https from "node:https";

// The names that the hub answers to (skrt_hub/policy/hosts.py), and what others are told. The hub itself speaks to the
// proxy at another port, the chart's 8001, under a name of the cluster.
const names = process.env.SKRT_HUB_NAMES ? new RegExp(process.env.SKRT_HUB_NAMES, "i") : null;
const otherName = process.env.SKRT_HUB_OTHER_NAME || "";
const interfacePort = Number(process.env.SKRT_HUB_INTERFACE || 8001);
const hostOf = (request) => (request.headers.host || "").replace(/:[0-9]*$/, "");
const isOurs = (request) =>
  names === null || request.socket.localPort === interfacePort || names.test(hostOf(request));

const refuse = (response, kind) => {
  if (kind === "upgrade") {
    response.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    return;
  }
  response.writeHead(403, { "Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff" });
  response.end(otherName);
};

// Where each server has an origin of its own, nobody is asked for a mark. What is not a server's is shown at the hub's
// name alone: a page of the hub at a participant's name would be of one origin with that participant's pages.
const ownOrigins = process.env.SKRT_HUB_OWN_ORIGINS ? new RegExp(process.env.SKRT_HUB_OWN_ORIGINS, "i") : null;
// JupyterHub gives its services names of their own, which no participant can have: in theirs it writes `-` otherwise.
const ofAService = /^[a-z0-9-]+--service\./i;
const publicAddress = process.env.SKRT_HUB_PUBLIC || "";
const secret = process.env.CONFIGPROXY_AUTH_TOKEN || "";
const code = (words) => crypto.createHmac("sha256", secret).update(words).digest("hex");
const cookie = `skrt-mark-${code("cookie").slice(0, 8)}`;

// Whose server a request is for, or null: the path is read exactly as configurable-http-proxy reads it.
const ownerOf = (request) => {
  const path = decodeURIComponent(new URL(request.url, "http://example.com").pathname).replace(/^\/+/, "");
  const parts = path.split("/");
  return parts[0] === "user" && parts.length > 1 ? parts[1] : null;
};

// One mark and no other beside it: a page at another port or host of the domain can plant one.
const marksOf = (request) => (request.headers.cookie || "").split(/; ?/).filter((one) => one.startsWith(`${cookie}=`));

const hasMark = (request, owner) =>
  marksOf(request).join() === `${cookie}=${code(`visitor ${owner}`)}` ||
  /^(token|bearer) /i.test(request.headers.authorization || "");

const led = (request) => {
  try {
    const owner = ownerOf(request);
    return { owner, allowed: owner === null || hasMark(request, owner) };
  } catch {
    return { owner: null, allowed: false }; // a path that cannot be read
  }
};

const atTheHub = (request) => {
  const { pathname, search } = new URL(request.url, "http://example.com");
  return `/hub${pathname}${search}`;
};

const leadToTheHub = (request, other, kind) => {
  if (kind === "upgrade" || !request.url.startsWith("/")) {
    refuse(other, kind);
    return;
  }
  other.writeHead(302, { Location: `${publicAddress}${request.url}` });
  other.end();
};

const takenAway = [
  "service-worker-allowed",
  "clear-site-data",
  "strict-transport-security",
  "alt-svc",
  "nel",
  "report-to",
];

const takeAway = (response) => {
  const write = response.writeHead;
  response.writeHead = function (...words) {
    takenAway.forEach((name) => this.removeHeader(name));
    this.setHeader("cross-origin-opener-policy", "unsafe-none");
    this.setHeader("referrer-policy", "same-origin");
    return write.apply(this, words);
  };
};

// Open connections to each server, by its owner. Where the hub takes the way to a server back, they are cut: the server
// has ended, or the hub was closed.
const connected = new Map();

const keepInMind = (owner, socket) => {
  if (!connected.has(owner)) connected.set(owner, new Set());
  connected.get(owner).add(socket);
  socket.once("close", () => {
    connected.get(owner)?.delete(socket);
    if (connected.get(owner)?.size === 0) connected.delete(owner);
  });
};

const cutWithRoute = (request, response) => {
  const owner = decodeURIComponent(request.url).match(/^\/api\/routes\/.*\buser\/([^/?]+)/)?.[1];
  if (request.method !== "DELETE" || owner === undefined) return;
  response.once("finish", () => {
    if (response.statusCode === 204) connected.get(owner)?.forEach((socket) => socket.destroy());
  });
};

const ownerOrNobody = (request) => {
  try {
    return ownerOf(request);
  } catch {
    return null;
  }
};

const guarded = (emit) =>
  function (kind, request, other, ...rest) {
    if (kind === "request" || kind === "upgrade") {
      if (!isOurs(request)) {
        refuse(other, kind);
        return true;
      }
      if (kind === "request" && request.socket.localPort === interfacePort) cutWithRoute(request, other);
      const whose = kind === "upgrade" ? ownerOrNobody(request) : null;
      if (whose !== null) keepInMind(whose, other);
      if (ownOrigins !== null && request.socket.localPort !== interfacePort) {
        const server = ownerOrNobody(request) !== null;
        if (!server && ownOrigins.test(hostOf(request)) && !ofAService.test(hostOf(request))) {
          leadToTheHub(request, other, kind);
          return true;
        }
        if (server && kind === "request") takeAway(other);
        return emit.call(this, kind, request, other, ...rest);
      }
      const { owner, allowed } = led(request);
      if (!allowed && kind === "upgrade") {
        refuse(other, kind);
        return true;
      }
      if (!allowed) {
        const reads = request.method === "GET" || request.method === "HEAD";
        // The hub asks whom it does not know to log in, and says to others whose server this is.
        other.writeHead(reads ? 302 : 403, reads ? { Location: atTheHub(request) } : {});
        other.end();
        return true;
      }
      if (owner !== null && kind === "request") takeAway(other);
    }
    return emit.call(this, kind, request, other, ...rest);
  };

http.Server.prototype.emit = guarded(http.Server.prototype.emit);
https.Server.prototype.emit = guarded(https.Server.prototype.emit);
