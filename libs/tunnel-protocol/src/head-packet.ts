import type { BundleReader } from './bundle-reader.ts';
import type { Frame, MalformedReason, OpenFrame } from './frame.ts';

type Frames = readonly Frame[] | MalformedReason;

/** Whether this may be the first packet of a channel. */
export function isHead(packet: BundleReader, frames: Frames): boolean {
  const [first] = frames;
  return packet.sequence === 0 && !packet.isReset && typeof first === 'object' && first.type === 'open';
}

/** The one OPEN frame of a first packet, or why it is none. */
export function headOf(packet: BundleReader, frames: Frames): OpenFrame | MalformedReason | 'not-a-head' {
  if (typeof frames === 'string') return frames;
  const [open] = frames;
  if (packet.sequence !== 0 || packet.isReset || frames.length !== 1 || open?.type !== 'open') return 'not-a-head';
  return open;
}
