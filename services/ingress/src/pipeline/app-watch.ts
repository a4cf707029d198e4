import { Roster } from '#libs/roster';
import type { AppDirectory } from '../directory/app-directory.ts';
import type { PublishedApp } from '../directory/published-app.ts';

const CHECK_INTERVAL_MS = 1_000;

/** A request of an app that everybody may open. */
export type OpenRequest = { readonly openApp: PublishedApp; appClosed(): void };

/**
 * Requests without an access decision: nobody revokes them, so what runs on (a WebSocket, an event stream) is cut when its app
 * is retired or begins to ask for a sign-in. Looked at once a second after the directory changed.
 */
export class AppWatch {
  readonly #directory: AppDirectory;
  readonly #running = new Roster<OpenRequest>();
  #seenChanges = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(directory: AppDirectory) {
    this.#directory = directory;
  }

  add(request: OpenRequest): void {
    this.#running.add(request);
    if (this.#timer !== undefined) return;
    this.#seenChanges = this.#directory.changes;
    this.#timer = setInterval(() => this.#check(), CHECK_INTERVAL_MS);
    this.#timer.unref();
  }

  remove(request: OpenRequest): void {
    this.#running.delete(request);
  }

  #check(): void {
    if (this.#running.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    if (this.#seenChanges === this.#directory.changes) return;
    this.#seenChanges = this.#directory.changes;
    for (const request of this.#running) {
      const app = this.#directory.getApp(request.openApp.view.id);
      if (app?.view.preauthentication !== 'passthrough') request.appClosed();
    }
  }
}
