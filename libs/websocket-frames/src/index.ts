export { CLOSE_GOING_AWAY, CLOSE_INTERNAL_ERROR, CLOSE_SERVICE_RESTART, closeFrame } from './close-frame.ts';
export { FrameTracker } from './frame-tracker.ts';
export { HalfSocket } from './half-socket.ts';
