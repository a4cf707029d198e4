import {
  headSubject,
  type TransportSubscription,
  type TunnelServer,
  type TunnelTransport,
} from '#libs/tunnel-protocol';

export type Group = { readonly group: string; readonly queue: string };

/**
 * Which group's queue this connector takes requests from. It changes while running requests go on: the old queue is left
 * orderly, then the new one joined. The queue's name is a secret of the group and is never logged.
 */
export type GroupMembership = {
  /** Hand this transport to the tunnel server. */
  readonly transport: TunnelTransport;
  readonly current: Group | undefined;
  /** Joins the group, or leaves all with undefined. What is already so is left alone. */
  change(server: TunnelServer, next: Group | undefined): void;
};

export function createGroupMembership(transport: TunnelTransport): GroupMembership {
  let current: Group | undefined;
  let joined: TransportSubscription | undefined;
  return {
    transport: {
      ...transport,
      subscribe: (subject, options, onMessage) => {
        const subscription = transport.subscribe(subject, options, onMessage);
        if (current && subject === headSubject(current.group)) joined = subscription;
        return subscription;
      },
    },
    get current() {
      return current;
    },
    change: (server, next) => {
      if (current?.group === next?.group && current?.queue === next?.queue) return;
      // What is already on its way to this queue is still answered; the transport reports a failure itself.
      void joined?.drain();
      joined = undefined;
      current = next;
      if (next) server.serve(next);
    },
  };
}
