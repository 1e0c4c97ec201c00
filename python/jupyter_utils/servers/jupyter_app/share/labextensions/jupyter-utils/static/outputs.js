// Shows what cells have put out while no page was there, and goes on while they run. The server keeps it (see
// servers/jupyter_app/outputs): what it says replaces what a cell shows, so that nothing is lost or doubled.

// How often to ask while a cell runs that this page did not start, or whose outputs it has missed in part.
const ASK_MS = 1000;
// How often at most to ask because another page runs cells, which may go away; and how often once one has done so.
const OTHERS_MS = 5000;
const WATCH_MS = 15000;
// When to ask again after an answer failed, for instance of a proxy.
const RETRY_MS = 5000;

const name = (output) => output?.name;
const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);

// As jupyter_utils.notebook.content.normal.
const normal = (source) =>
  source
    .split(/\r?\n/)
    .map((line) => line.trimEnd())
    .join("\n")
    .trim();

class Page {
  constructor(panel, { ServerConnection, Notification }) {
    this.panel = panel;
    this.request = ServerConnection.makeRequest;
    this.warn = (text) => Notification.warning(text, { autoClose: false });
    // Of executions that the server tells of, until it and this page agree that all is shown: id -> {version, outputs}.
    this.shown = new Map();
    this.hooked = new WeakSet();
    // Executions of this page of which it got all, from the first message to the last: id -> has ended.
    this.whole = new Map();
    this.hasOthers = false;
    this.told = new Set();
    this.asking = null;
    this.again = false;
    this.askedAt = 0;
    const ask = () => this.ask();
    const session = panel.sessionContext;
    session.kernelChanged.connect(ask);
    session.connectionStatusChanged.connect((_, status) => this.reconnect(status));
    session.iopubMessage.connect((_, message) => this.overhear(message));
    panel.context.ready.then(ask);
    // A laptop that wakes may not know yet that its connection is gone.
    window.addEventListener("online", ask);
    document.addEventListener("visibilitychange", ask);
    panel.disposed.connect(() => {
      window.removeEventListener("online", ask);
      document.removeEventListener("visibilitychange", ask);
      clearTimeout(this.timer);
    });
  }

  get kernel() {
    return this.panel.sessionContext.session?.kernel;
  }

  reconnect(status) {
    if (status === "connected") {
      this.ask();
      return;
    }
    for (const [id, hasEnded] of this.whole) {
      if (!hasEnded) {
        this.whole.delete(id);
      }
    }
  }

  overhear({ header, content, parent_header: parent }) {
    if (parent.session === this.kernel?.clientId) {
      if (header.msg_type === "execute_input") {
        this.whole.set(parent.msg_id, false);
      } else if (content.execution_state === "idle" && this.whole.has(parent.msg_id)) {
        this.whole.set(parent.msg_id, true);
      }
    } else if (parent.session) {
      this.hasOthers = true;
      this.askIn(Math.max(0, this.askedAt + OTHERS_MS - Date.now()));
    }
  }

  // Ask after this time, or earlier if that is planned.
  askIn(time) {
    const at = Date.now() + time;
    if (this.timer === undefined || at < this.timerAt) {
      clearTimeout(this.timer);
      this.timerAt = at;
      this.timer = setTimeout(() => this.ask(), time);
    }
  }

  // One question at a time; what comes meanwhile asks once more.
  ask() {
    this.again = true;
    this.asking ??= this.askUntilDone().finally(() => {
      this.asking = null;
    });
  }

  async askUntilDone() {
    while (this.again) {
      this.again = false;
      clearTimeout(this.timer);
      this.timer = undefined;
      this.askedAt = Date.now();
      try {
        await this.askOnce();
      } catch (error) {
        console.warn(`Outputs that came while no page was there could not be read: ${error}`);
        if (!this.panel.isDisposed) {
          this.askIn(RETRY_MS);
        }
      }
    }
  }

  async askOnce() {
    const { panel, kernel } = this;
    if (panel.isDisposed || !kernel || !panel.context.isReady || !panel.content.model) {
      return;
    }
    const known = Object.fromEntries([...this.shown].map(([id, one]) => [id, one.version]));
    const body = { client: kernel.clientId, path: panel.context.path, known, base: panel.context.contentsModel?.hash };
    const settings = kernel.serverSettings;
    const url = `${settings.baseUrl}jupyter-utils/outputs/${kernel.id}`;
    const answer = await this.request(url, { method: "POST", body: JSON.stringify(body) }, settings);
    if (!answer.ok) {
      throw new Error(`${answer.status} ${answer.statusText}`);
    }
    const { executions, file, kept } = await answer.json();
    if (panel.isDisposed || this.kernel !== kernel) {
      return;
    }
    this.take(executions, file);
    for (const text of Object.values(kept)) {
      if (!this.told.has(text)) {
        this.told.add(text);
        this.warn(text);
      }
    }
    // What has ended and was acknowledged by this question needs no other one.
    for (const [id, one] of this.shown) {
      if (one.state === "done" && known[id] === one.version) {
        this.shown.delete(id);
      }
    }
    if (this.shown.size > 0) {
      const all = [...this.shown.values()];
      const soon = all.some((one) => one.state === "done");
      this.askIn(soon ? 0 : ASK_MS);
    } else if (this.hasOthers) {
      this.askIn(WATCH_MS);
    }
  }

  take(executions, file) {
    const { context } = this.panel;
    const wasDirty = context.model.dirty;
    let isInFile = true;
    for (const one of executions) {
      const cell = this.find(one);
      if (this.whole.get(one.id) && !one.isUpdated && !this.shown.has(one.id)) {
        // What the user has done with it since then, say cleared it, stays.
        this.shown.set(one.id, { version: one.version, state: one.state, outputs: one.outputs });
        isInFile = false;
      } else if (cell && !this.isNewer(cell, one)) {
        this.show(cell, one);
        isInFile = isInFile && (one.inFile || !one.hasRun);
      } else {
        this.shown.delete(one.id);
      }
    }
    if (file) {
      // The file is what this page knows, and these outputs: saving must not ask which of the two to keep.
      context._updateContentsModel({ ...context.contentsModel, ...file });
    }
    if (executions.length > 0 && isInFile && !wasDirty) {
      context.model.dirty = false;
    }
  }

  find({ cell, source, isByText }) {
    const code = this.panel.content.widgets.filter((one) => one.model.type === "code");
    const wanted = normal(source);
    const found = code.find((one) => one.model.id === cell);
    if (found || !isByText) {
      return found; // another file may have come into the place of the one that ran, with a cell of the same text
    }
    const alike = code.filter((one) => normal(one.model.sharedModel.getSource()) === wanted);
    return alike.length === 1 ? alike[0] : undefined;
  }

  // Whether this page has just had the cell run again, of which the server does not know yet.
  isNewer(cell, one) {
    const future = cell.outputArea?.future;
    const isOther = future && !future.isDisposed && future.msg.header.msg_id !== one.id;
    return isOther && cell.model.executionState === "running" && !this.shown.has(one.id);
  }

  show(cell, one) {
    const { model } = cell;
    const before = this.shown.get(one.id)?.outputs ?? [];
    const outputs = [...before.slice(0, one.start), ...one.outputs];
    const isFirst = !this.shown.has(one.id);
    this.shown.set(one.id, { version: one.version, state: one.state, outputs });
    const future = cell.outputArea?.future;
    if (future && !future.isDisposed && future.msg.header.msg_id === one.id && !this.hooked.has(future)) {
      // From here on the server tells what this one puts out; that it has ended comes by itself.
      this.hooked.add(future);
      future.registerMessageHook(() => false);
    }
    if (!one.hasRun) {
      model.executionState = one.state === "done" ? "idle" : "running";
      return;
    }
    model.trusted = true; // as of any cell that this page runs
    this.write(model.outputs, outputs, isFirst ? 0 : one.start, isFirst && one.state !== "done");
    model.executionCount = one.count;
    model.executionState = one.state === "done" ? "idle" : "running";
    if (one.waits && one.state !== "done" && cell.outputArea && !cell.outputArea.pendingInput) {
      const { kernel } = this;
      const sendInputReply = (content, parent) => kernel.sendInputReply(content, parent);
      cell.outputArea.onInputRequest(one.waits, { sendInputReply });
    }
  }

  write(area, outputs, start, isNew) {
    if (isNew) {
      // A `clear_output(wait=True)` that this page heard waits for the next output: it must not take away later ones.
      area.add({ output_type: "stream", name: "stdout", text: "" });
    }
    if (same(area.toJSON(), outputs)) {
      return;
    }
    // Whether text continues text is a thing that the area remembers of what was added last, not of what was set.
    const last = area.length - 1;
    const fits = start === area.length || (start === last && name(outputs[last]) === name(area.get(last).toJSON()));
    if (isNew || !fits) {
      area.fromJSON(outputs);
      return;
    }
    for (let at = start; at < outputs.length; at += 1) {
      if (at < area.length) {
        area.set(at, outputs[at]);
      } else {
        area.add(outputs[at]);
      }
    }
  }
}

function isOn() {
  const config = document.getElementById("jupyter-config-data");
  return Boolean(JSON.parse(config?.textContent || "{}").jupyterUtilsKeepsOutputs);
}

export default async (load) => {
  const { INotebookTracker } = await load("@jupyterlab/notebook");
  return {
    id: "jupyter-utils:outputs",
    description: "Shows what cells have put out while no page was there.",
    autoStart: true,
    requires: [INotebookTracker],
    activate: async (app, notebooks) => {
      if (!isOn()) {
        return;
      }
      const { ServerConnection } = await load("@jupyterlab/services");
      const { Notification } = await load("@jupyterlab/apputils");
      const open = (panel) => {
        if (typeof panel.context._updateContentsModel !== "function") {
          console.warn("Outputs that come while no page is there are not kept: this JupyterLab is another one.");
          return;
        }
        new Page(panel, { ServerConnection, Notification });
      };
      notebooks.forEach(open);
      notebooks.widgetAdded.connect((_, panel) => open(panel));
    },
  };
};
