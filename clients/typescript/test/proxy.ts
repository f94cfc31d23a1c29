// A proxy between client and server that breaks things on purpose: requests, answers, single
// messages of sockets.
import { createServer, type IncomingMessage, request, type Server as HttpServer, type ServerResponse } from 'node:http';
import { type Socket } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import type { Server } from './server.js';

/** What happens to one request. */
export type HttpFault =
  | 'pass'
  /** It never reaches the server. */
  | 'lost-request'
  /** The server carries it out; its answer is lost. */
  | 'lost-answer'
  | { status: number; headers?: Record<string, string>; body?: string };

/** What happens to one message of the server on a socket. */
export type MessageFault = 'pass' | 'cut' | 'twice' | { close: number; reason?: string } | { delayMs: number } | { say: unknown };

export interface Seen {
  body: { query?: string; variables?: any };
  text: string;
  headers: IncomingMessage['headers'];
  path: string;
}

export class Proxy {
  /** Decides about requests; `index` counts from 0. */
  onRequest: (seen: Seen, index: number) => HttpFault = () => 'pass';
  /** Decides about the server's messages on sockets; `index` counts over all sockets. */
  onMessage: (message: { type: string; payload?: any }, index: number) => MessageFault = () => 'pass';
  readonly requests: Seen[] = [];
  readonly sent: Array<{ type: string; payload?: any }> = [];
  sockets = 0;
  upgrades = 0;
  /** As a proxy that knows no sockets, or a server that refuses the page's origin. */
  refuseUpgrades = false;
  messages = 0;
  readonly #http: HttpServer;
  readonly #open = new Set<Socket>();
  readonly #target: Server;

  private constructor(target: Server) {
    this.#target = target;
    this.#http = createServer((incoming, response) => void this.#request(incoming, response));
    this.#http.on('connection', (socket) => {
      this.#open.add(socket);
      socket.on('close', () => this.#open.delete(socket));
      socket.on('error', () => {});
    });
    const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'graphql-transport-ws' });
    this.#http.on('upgrade', (incoming, socket, head) => {
      this.upgrades += 1;
      if (this.refuseUpgrades) return void socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n');
      sockets.handleUpgrade(incoming, socket, head, (client) => this.#socket(client, incoming));
    });
  }

  static async start(target: Server): Promise<Proxy> {
    const proxy = new Proxy(target);
    await new Promise<void>((resolve) => proxy.#http.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#http.address() as { port: number }).port;
  }
  get url(): string {
    return `http://127.0.0.1:${this.port}/graphql`;
  }

  /** Breaks every open connection, without a word. */
  cut(): void {
    for (const socket of this.#open) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#http.close(resolve));
  }

  async #request(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const seen: Seen = { body: text ? JSON.parse(text) : {}, text, headers: incoming.headers, path: incoming.url ?? '' };
    this.requests.push(seen);
    const fault = this.onRequest(seen, this.requests.length - 1);
    if (fault === 'lost-request') return void incoming.socket.destroy();
    if (typeof fault === 'object') {
      response.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
      return void response.end(fault.body ?? '{"errors":[{"message":"a fault","extensions":{"code":"UNAVAILABLE"}}]}');
    }
    const upstream = request({
      host: '127.0.0.1', port: this.#target.port, path: incoming.url, method: incoming.method ?? 'POST', headers: incoming.headers,
    }, (answer) => {
      if (fault === 'lost-answer') {
        answer.resume();
        answer.on('end', () => incoming.socket.destroy());
        return;
      }
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
      answer.on('error', () => response.destroy());
    });
    upstream.on('error', () => response.destroy());
    response.on('close', () => upstream.destroy());
    upstream.end(text);
  }

  #socket(client: WebSocket, incoming: IncomingMessage): void {
    this.sockets += 1;
    const { cookie, origin, host } = incoming.headers;
    const headers = { ...(host ? { host } : {}), ...(cookie ? { cookie } : {}), ...(origin ? { origin } : {}) };
    const server = new WebSocket(`ws://127.0.0.1:${this.#target.port}/graphql`, 'graphql-transport-ws', { headers });
    const waiting: string[] = [];
    let order = Promise.resolve();
    client.on('message', (data) => {
      const text = String(data);
      this.sent.push(JSON.parse(text));
      if (server.readyState === WebSocket.OPEN) server.send(text);
      else waiting.push(text);
    });
    server.on('open', () => waiting.forEach((text) => server.send(text)));
    server.on('message', (data) => {
      const text = String(data);
      const fault = this.onMessage(JSON.parse(text), this.messages);
      this.messages += 1;
      order = order.then(() => this.#deliver(client, server, text, fault));
    });
    client.on('close', () => server.terminate());
    client.on('error', () => server.terminate());
    server.on('error', () => client.terminate());
    server.on('close', (code, reason) => {
      if (code === 1006 || code === 1005) client.terminate();
      else client.close(code, reason);
    });
  }

  async #deliver(client: WebSocket, server: WebSocket, text: string, fault: MessageFault): Promise<void> {
    if (fault === 'cut') {
      client.terminate();
      server.terminate();
    } else if (fault === 'twice') {
      client.send(text);
      client.send(text);
    } else if (typeof fault === 'object' && 'close' in fault) {
      client.close(fault.close, fault.reason);
      server.terminate();
    } else if (typeof fault === 'object' && 'say' in fault) {
      client.send(JSON.stringify(fault.say));
    } else {
      if (typeof fault === 'object') await new Promise((resolve) => setTimeout(resolve, fault.delayMs));
      client.send(text);
    }
  }
}
