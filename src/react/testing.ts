// SPDX-License-Identifier: Apache-2.0
/** A DNS responder on the loopback, for tests. */
import type { Socket } from 'node:dgram';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

const HEADER_BYTES = 12;
const TYPE_A = 1;

/** What a name gets: an address, no such name, or silence. */
export type DnsAnswer = readonly [number, number, number, number] | 'unknown' | 'silence';

export class DnsResponder {
  /** each question as `name/type` */
  readonly questions: string[] = [];
  readonly #socket: Socket;

  private constructor(socket: Socket, answerOf: (name: string) => DnsAnswer) {
    this.#socket = socket;
    socket.on('message', (query, { port, address }) => {
      const { name, type, end } = readQuestion(query);
      this.questions.push(`${name}/${type}`);
      const answer = answerOf(name);
      if (answer !== 'silence') socket.send(response(query.subarray(0, end), type, answer), port, address);
    });
  }

  static async start(answerOf: (name: string) => DnsAnswer): Promise<DnsResponder> {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    return new DnsResponder(socket, answerOf);
  }

  /** `address:port` */
  get server(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  close(): void {
    this.#socket.close();
  }
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('ascii', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), type: query.readUInt16BE(at + 1), end: at + 5 };
}

/** The question again, as a response: with an A record, empty for other types, or with the code of an unknown name. */
function response(question: Buffer, type: number, answer: Exclude<DnsAnswer, 'silence'>): Buffer {
  const head = Buffer.from(question);
  const isUnknown = answer === 'unknown';
  const hasAddress = !isUnknown && type === TYPE_A;
  head.writeUInt16BE(isUnknown ? 0x8183 : 0x8180, 2);
  head.writeUInt16BE(hasAddress ? 1 : 0, 6);
  head.writeUInt16BE(0, 8);
  head.writeUInt16BE(0, 10);
  if (!hasAddress) return head;
  // A pointer to the name, type A, class IN, 60 s, four bytes.
  return Buffer.concat([head, Buffer.from([0xc0, HEADER_BYTES, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...answer])]);
}
