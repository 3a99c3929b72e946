// A model without a kernel: what a view asks of one, and a record of everything the view did to it.

type State = Record<string, unknown>;
type Listener = (...args: unknown[]) => void;

const raw = (value: unknown) => (ArrayBuffer.isView(value) ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength) : null);

/** As the real model has it: setting what is already there changes nothing and tells nobody. */
function same(a: unknown, b: unknown): boolean {
  const [left, right] = [raw(a), raw(b)];
  if (left && right) return left.length === right.length && left.every((byte, index) => byte === right[index]);
  return a === b || (!left && !right && JSON.stringify(a) === JSON.stringify(b));
}

/** For a page to read: buffers as plain lists of numbers (float32 where they are strengths). */
function plain(state: State): State {
  return Object.fromEntries(Object.entries(state).map(([name, value]) => {
    const bytes = raw(value);
    if (!bytes) return [name, value];
    return [name, name === "strengths" ? [...new Float32Array(bytes.slice().buffer)] : [...bytes]];
  }));
}

export class FakeModel {
  /** What each `save_changes` would have sent, and each custom message. */
  readonly written: State[] = [];
  readonly sent: unknown[] = [];
  /** Called after each message to the "kernel"; a test or a bench may answer. */
  answer: ((state: State) => void) | null = null;
  readonly widget_manager = { get_model: () => Promise.reject(new Error("there are no other models here")) };
  private readonly listeners = new Map<string, Set<Listener>>();
  private changed: State = {};

  constructor(private readonly state: State) {}

  get = (name: string): unknown => this.state[name];

  set = (name: string, value: unknown): void => {
    if (same(this.state[name], value)) return;
    this.state[name] = value;
    this.changed[name] = value;
    this.tell(name);
  };

  save_changes = (): void => {
    if (!Object.keys(this.changed).length) return;
    const message = this.changed;
    this.changed = {};
    this.written.push(plain(message));
    this.answer?.(message);
  };

  send = (content: unknown): void => {
    this.sent.push(content);
  };

  on = (event: string, listener: Listener): void => {
    if (!this.listeners.has(event)) this.listeners.set(event, new Set());
    this.listeners.get(event)!.add(listener);
  };

  off = (event?: string | null, listener?: Listener | null): void => {
    for (const [name, set] of this.listeners) {
      if (event && name !== event) continue;
      if (listener) set.delete(listener);
      else set.clear();
    }
  };

  /** As one message from the kernel. */
  receive(state: State): void {
    const news = Object.entries(state).filter(([name, value]) => !same(this.state[name], value));
    for (const [name, value] of news) this.state[name] = value;
    for (const [name] of news) this.tell(name);
  }

  get listening(): number {
    return [...this.listeners.values()].reduce((sum, set) => sum + set.size, 0);
  }

  read(name: string): unknown {
    return plain({ [name]: this.state[name] })[name];
  }

  private tell(name: string): void {
    for (const listener of [...(this.listeners.get(`change:${name}`) ?? [])]) listener();
  }
}
