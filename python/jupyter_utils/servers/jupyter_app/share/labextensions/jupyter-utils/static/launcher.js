// What a newcomer needs, in the launcher, the Help menu and the command palette: a first run, MLflow's pages, a guide.

import { ICONS } from "./icons.js";
import { languageOf, savingCell, wordsOf } from "./words.js";

const ID = (name) => `jupyter-utils:${name}`;
// Tiles stand in the launcher's first section, after its kernels.
const TILES = ["firstRun", "mlflow", "guide"];
const AFTER_KERNELS = 100;
const HELP = ["firstRun", "guide", "mlflow", "notebookRuns", "saveRun"];

class Actions {
  constructor(app, { ServerConnection, showErrorMessage, MainAreaWidget, MimeModel }, services, language) {
    Object.assign(this, { app, ServerConnection, showErrorMessage, MainAreaWidget, MimeModel, language }, services);
    this.words = wordsOf(language);
  }

  get base() {
    return this.app.serviceManager.serverSettings.baseUrl;
  }

  // ---- asking the server of this page ----

  async ask(path, init = {}) {
    const { serverSettings } = this.app.serviceManager;
    const response = await this.ServerConnection.makeRequest(`${this.base}jupyter-utils/${path}`, init, serverSettings);
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) {
      throw new Error(answer.message || `${response.status} ${response.statusText}`);
    }
    return answer;
  }

  // ---- what the commands do ----

  mlflow() {
    window.open(`${this.base}mlflow/#/`, "_blank", "noopener");
  }

  async firstRun({ cwd }) {
    const folder = this.app.serviceManager.contents.localPath(cwd ?? this.browser?.model.path ?? "");
    const body = JSON.stringify({ folder, language: this.language });
    const { path } = await this.ask("first-run", { method: "POST", body });
    await this.startKernel(path);
    await this.app.commands.execute("docmanager:open", { path });
  }

  // Before the page is there: what is run while a notebook has no kernel yet, JupyterLab drops without a word.
  async startKernel(path) {
    const { sessions, kernelspecs } = this.app.serviceManager;
    await Promise.all([sessions.ready, kernelspecs.ready]);
    if ([...sessions.running()].some((session) => session.path === path)) {
      return;
    }
    const name = path.replace(/^.*\//, "");
    const kernel = { name: kernelspecs.specs?.default };
    // Where that fails, the page says so, which starts one itself.
    await sessions.startNew({ path, name, type: "notebook", kernel }).catch(() => {});
  }

  async guide() {
    const id = ID("guide-page");
    const open = [...this.app.shell.widgets("main")].find((widget) => widget.id === id);
    if (open) {
      this.app.shell.activateById(id);
      return;
    }
    const response = await fetch(new URL(`guide.${this.language}.md`, import.meta.url));
    const renderer = this.rendermime.createRenderer("text/markdown");
    await renderer.renderModel(new this.MimeModel({ data: { "text/markdown": await response.text() } }));
    const page = new this.MainAreaWidget({ content: renderer });
    page.id = id;
    page.title.label = this.words.guide;
    page.title.closable = true;
    renderer.node.style.overflow = "auto";
    renderer.node.style.padding = "0 2em 2em";
    this.app.shell.add(page, "main");
  }

  // At the end, and in view; whoever has pressed it runs it.
  saveRun() {
    const { content, context } = this.notebooks.currentWidget;
    const cells = content.model.sharedModel;
    const name = context.localPath.replace(/^.*\//, "").replace(/\.[^.]*$/, "");
    cells.insertCell(cells.cells.length, { cell_type: "code", source: savingCell(this.language, name) });
    content.activeCellIndex = cells.cells.length - 1;
    content.scrollToItem?.(content.activeCellIndex)?.catch?.(() => {});
    content.activate();
  }

  async notebookRuns() {
    // Opened before the server is asked, while the browser knows that somebody has clicked.
    const tab = window.open("", "_blank");
    try {
      const path = encodeURIComponent(this.notebooks.currentWidget.context.localPath);
      const { page } = await this.ask(`notebook-runs?path=${path}`);
      if (page === null) {
        throw new Error(this.words.noRuns);
      }
      if (tab === null) {
        window.open(page, "_blank", "noopener"); // no tab was to be had before; perhaps one is now
        return;
      }
      tab.opener = null;
      tab.location.replace(page);
    } catch (error) {
      tab?.close();
      throw error;
    }
  }

  // ---- where they are offered ----

  addCommand(name) {
    const ofNotebook = ["saveRun", "notebookRuns"].includes(name);
    this.app.commands.addCommand(ID(name), {
      label: this.words[name],
      caption: this.words[`${name}Caption`],
      isEnabled: () => !ofNotebook || Boolean(this.notebooks?.currentWidget?.content.model),
      execute: async (args) => {
        try {
          await this[name](args);
        } catch (error) {
          await this.showErrorMessage(`${this.words[name]}: ${this.words.failed}`, String(error.message ?? error));
        }
      },
    });
  }
}

export default async (load) => {
  // A page that lacks one of these lacks what belongs to it, and nothing more.
  const get = (name) => load(`@jupyterlab/${name}`).catch(() => ({}));
  const names = ["launcher", "mainmenu", "apputils", "notebook", "filebrowser", "translation", "rendermime"];
  const [launcher, mainmenu, apputils, notebook, filebrowser, translation, rendermime] = await Promise.all(names.map(get));
  const { ServerConnection } = await get("services");
  const tokens = {
    launcher: launcher.ILauncher,
    menu: mainmenu.IMainMenu,
    palette: apputils.ICommandPalette,
    notebooks: notebook.INotebookTracker,
    browser: filebrowser.IDefaultFileBrowser,
    translator: translation.ITranslator,
    rendermime: rendermime.IRenderMimeRegistry,
  };
  const given = Object.keys(tokens).filter((name) => tokens[name]);
  const { showErrorMessage, MainAreaWidget } = apputils;
  const parts = { ServerConnection, showErrorMessage, MainAreaWidget, MimeModel: rendermime.MimeModel };
  return {
    id: "jupyter-utils:launcher",
    description: "Offers a first run, MLflow's pages, a guide, and cells that save runs.",
    autoStart: true,
    optional: given.map((name) => tokens[name]),
    activate: (app, ...found) => {
      const services = Object.fromEntries(given.map((name, at) => [name, found[at]]));
      const actions = new Actions(app, parts, services, languageOf(services.translator));
      for (const name of HELP) {
        actions.addCommand(name);
        services.palette?.addItem({ command: ID(name), category: "MLflow" });
      }
      const category = services.translator?.load("jupyterlab").__("Notebook");
      TILES.forEach((name, at) => {
        const tile = { command: ID(name), category, rank: AFTER_KERNELS + at, kernelIconUrl: ICONS[name] };
        services.launcher?.add(tile);
      });
      services.menu?.helpMenu.addGroup(HELP.map((name) => ({ command: ID(name) })), -1);
    },
  };
};
