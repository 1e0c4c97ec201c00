// A prebuilt extension of JupyterLab and Notebook 7, written as it is loaded: it is too small for a build of its own.
// (A container of webpack's module federation: `init` is given what the page shares, `get` returns the module.)
(() => {
  "use strict";

  const NAME = "jupyter-utils";
  // Sent by jupyter_utils.notebook.saving.
  const SAVE = "jupyter_utils_save";

  // Every tab with the kernel gets the message. It is for the one whose own request is running: a tab that shows an
  // older copy of the notebook would save that over what ran.
  function isForThisTab(panel, message) {
    const kernel = panel.sessionContext.session?.kernel;
    return message.header.msg_type === SAVE && kernel?.clientId === message.parent_header.session;
  }

  function listen(panel) {
    panel.sessionContext.iopubMessage.connect((_, message) => {
      if (isForThisTab(panel, message)) {
        // What goes wrong is shown by the page itself, and save_mlflow looks at the file.
        panel.context.save().catch(() => {});
      }
    });
  }

  function saving(tracker) {
    return {
      id: `${NAME}:saving`,
      description: "Saves a notebook when a cell that this tab runs asks for it.",
      autoStart: true,
      requires: [tracker],
      activate: (_, notebooks) => {
        notebooks.forEach(listen);
        notebooks.widgetAdded.connect((_, panel) => listen(panel));
      },
    };
  }

  // Formats of Jupytext's whose programs are missing here (see servers/jupyter_app/pairings.py): a notebook that is
  // paired so cannot be saved, so nobody is offered it.
  function missingFormats() {
    const config = document.getElementById("jupyter-config-data");
    return JSON.parse(config?.textContent || "{}").jupyterUtilsMissingFormats ?? [];
  }

  const hiding = {
    id: `${NAME}:hiding`,
    description: "Hides the commands of Jupytext that need a program which is not installed.",
    autoStart: true,
    // Requires nothing, so that it comes before Jupytext's own extension, which first waits for others.
    activate: (app) => {
      const hidden = new Set(
        missingFormats().flatMap((format) => [
          `jupytext:pair-nb-with-${format}`,
          `jupytext:create-new-text-notebook-${format}`,
        ]),
      );
      const never = { isVisible: () => false, isEnabled: () => false };
      const add = app.commands.addCommand.bind(app.commands);
      app.commands.addCommand = (id, options) => add(id, hidden.has(id) ? { ...options, ...never } : options);
    },
  };

  let shared;

  async function load(name) {
    const [version] = Object.values(shared[name]);
    return (await version.get())();
  }

  globalThis._JUPYTERLAB = globalThis._JUPYTERLAB || {};
  globalThis._JUPYTERLAB[NAME] = {
    init: (scope) => {
      shared = scope;
    },
    get: async (module) => {
      if (module !== "./extension") {
        throw new Error(`${NAME} has no module ${module}`);
      }
      const { INotebookTracker } = await load("@jupyterlab/notebook");
      return () => ({ __esModule: true, default: [hiding, saving(INotebookTracker)] });
    },
  };
})();
