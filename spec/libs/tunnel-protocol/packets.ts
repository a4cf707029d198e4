/** Packets built by hand from PROTOCOL.md, independent of the encoder under test. */

export type RawFrame = readonly [type: number, flags: number, payload: Uint8Array];

export function packet(sequence: number, frames: readonly RawFrame[], flags = 0, version = 1): Buffer {
  const header = Buffer.alloc(8);
  header[0] = version;
  header[1] = flags;
  header.writeUInt32BE(sequence, 4);
  return Buffer.concat([
    header,
    ...frames.flatMap(([type, frameFlags, payload]) => [frameHeader(type, frameFlags, payload), payload]),
  ]);
}

function frameHeader(type: number, flags: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(6);
  header[0] = type;
  header[1] = flags;
  header.writeUInt32BE(payload.length, 2);
  return header;
}

export function fields(...list: readonly string[]): Buffer {
  const table = Buffer.alloc(2 + 2 * list.length);
  table.writeUInt16BE(list.length / 2, 0);
  const texts = list.map((text) => Buffer.from(text, 'latin1'));
  for (const [index, text] of texts.entries()) table.writeUInt16BE(text.length, 2 + 2 * index);
  return Buffer.concat([table, ...texts]);
}

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value, 0);
  return bytes;
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value, 0);
  return bytes;
}

export function headPacket(sequence: number, status: number, flags = 0): Buffer {
  return packet(sequence, [[0x04, flags, Buffer.concat([u16(status), fields('x-a', 'b')])]]);
}

export function dataPacket(sequence: number, bytes: Uint8Array): Buffer {
  return packet(sequence, [[0x05, 0, bytes]]);
}

export function creditPacket(sequence: number, bytes: number): Buffer {
  return packet(sequence, [[0x07, 0, u32(bytes)]]);
}

/** A complete GET / without metadata and with one header field. */
export function openPacket(channelId: string, flags = 0x01): Buffer {
  const texts = Buffer.from(`ingress-1${channelId}GET/`, 'latin1');
  const lengths = Buffer.from([9, channelId.length, 3]);
  return packet(0, [
    [0x01, flags, Buffer.concat([u32(65_536), lengths, u16(1), texts, fields(), fields('host', 'a')])],
  ]);
}
