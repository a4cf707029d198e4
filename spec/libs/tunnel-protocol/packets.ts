/** Packets and bundles built by hand from PROTOCOL.md, independent of the encoder under test. */

export type RawFrame = readonly [type: number, flags: number, payload: Uint8Array];

/** A channel id as events show it. */
export const CHANNEL = '00112233445566778899';

export type RawPacketOptions = { readonly channel?: string; readonly flags?: number };

export function packet(sequence: number, frames: readonly RawFrame[], options: RawPacketOptions = {}): Buffer {
  const { channel = CHANNEL, flags = 0 } = options;
  const body = Buffer.concat(
    frames.flatMap(([type, frameFlags, payload]) => [frameHeader(type, frameFlags, payload), payload]),
  );
  const header = Buffer.alloc(8);
  header.writeUInt32BE(body.length, 0);
  header[0] = flags;
  header.writeUInt32BE(sequence, 4);
  return Buffer.concat([header, Buffer.from(channel, 'hex'), body]);
}

export type RawBundleOptions = { readonly version?: number; readonly ingressId?: string };

export function bundle(packets: readonly Uint8Array[], options: RawBundleOptions = {}): Buffer {
  const { version = 1, ingressId = '' } = options;
  return Buffer.concat([Buffer.from([version, ingressId.length]), Buffer.from(ingressId, 'latin1'), ...packets]);
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

export function headPacket(sequence: number, status: number, flags = 0, channel = CHANNEL): Buffer {
  return packet(sequence, [[0x04, flags, Buffer.concat([u16(status), fields('x-a', 'b')])]], { channel });
}

export function dataPacket(sequence: number, bytes: Uint8Array, channel = CHANNEL): Buffer {
  return packet(sequence, [[0x05, 0, bytes]], { channel });
}

export function creditPacket(sequence: number, bytes: number, channel = CHANNEL): Buffer {
  return packet(sequence, [[0x07, 0, u32(bytes)]], { channel });
}

/** A complete GET / without metadata and with one header field. */
export function openPacket(channel = CHANNEL, flags = 0x01): Buffer {
  const texts = Buffer.from('GET/', 'latin1');
  const payload = Buffer.concat([u32(65_536), Buffer.from([3]), u16(1), texts, fields(), fields('host', 'a')]);
  return packet(0, [[0x01, flags, payload]], { channel });
}
