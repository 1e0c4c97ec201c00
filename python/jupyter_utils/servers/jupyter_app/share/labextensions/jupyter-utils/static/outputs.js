// Shows what cells have put out while no page was there, and goes on while they run. The server keeps it (see
// servers/jupyter_app/outputs): what it says replaces what a cell shows, so that nothing is lost or doubled.

// How often to ask while a cell runs that this page did not start, or whose outputs it has missed in part.
const ASK_MS = 1000;
// How often at most to ask because another page runs cells, which may go away.
const OTHERS_MS = 5000;

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
    this.told = new Set();
    this.asking = null;
    this.again = false;
    this.askedAt = 0;
    const ask = () => this.ask();
    const session = panel.sessionContext;
    session.kernelChanged.connect(ask);
    session.connectionStatusChanged.connect((_, status) => status === "connected" && this.ask());
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

  overhear(message) {
    const from = message.parent_header.session;
    if (from && from !== this.kernel?.clientId && Date.now() - this.askedAt > OTHERS_MS) {
      this.ask();
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
      this.askedAt = Date.now();
      try {
        await this.askOnce();
      } catch (error) {
        console.warn(`Outputs that came while no page was there could not be read: ${error}`);
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
      this.timer = setTimeout(() => this.ask(), soon ? 0 : ASK_MS);
    }
  }

  take(executions, file) {
    const { context } = this.panel;
    const wasDirty = context.model.dirty;
    let isInFile = true;
    for (const one of executions) {
      const cell = this.find(one);
      if (cell && !this.isNewer(cell, one)) {
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

  find({ cell, source }) {
    const code = this.panel.content.widgets.filter((one) => one.model.type === "code");
    const wanted = normal(source);
    const found = code.find((one) => one.model.id === cell);
    if (found) {
      return found;
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
    this.write(model.outputs, outputs, isFirst ? 0 : one.start);
    model.executionCount = one.count;
    model.executionState = one.state === "done" ? "idle" : "running";
    if (one.waits && one.state !== "done" && cell.outputArea && !cell.outputArea.pendingInput) {
      const { kernel } = this;
      const sendInputReply = (content, parent) => kernel.sendInputReply(content, parent);
      cell.outputArea.onInputRequest(one.waits, { sendInputReply });
    }
  }

  write(area, outputs, start) {
    if (same(area.toJSON(), outputs)) {
      return;
    }
    if (start < area.length - 1 || area.length > outputs.length) {
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
      const open = (panel) => new Page(panel, { ServerConnection, Notification });
      notebooks.forEach(open);
      notebooks.widgetAdded.connect((_, panel) => open(panel));
    },
  };
};
