// A prebuilt extension of JupyterLab and Notebook 7, written as it is loaded: it is too small for a build of its own.
// (A container of webpack's module federation: `init` is given what the page shares, `get` returns the module.)
(() => {
  "use strict";

  const NAME = "jupyter-utils";
  // Sent by jupyter_utils.notebook.saving.
  const SAVE = "jupyter_utils_save";

  const clientOf = (widget) => widget.sessionContext?.session?.kernel?.clientId;

  // Every tab with the kernel gets the message. It is for the one whose own request is running: a tab that shows an
  // older copy of the notebook would save that over what ran. In a tab it is for the notebook that runs, or, if a
  // console runs, for the notebook that has its kernel.
  function isFor(panel, message, app, notebooks) {
    const client = message.parent_header.session;
    if (message.header.msg_type !== SAVE || clientOf(panel) === client) {
      return message.header.msg_type === SAVE;
    }
    const runs = (widget) => clientOf(widget) === client;
    return !notebooks.find(runs) && [...app.shell.widgets("main")].some(runs);
  }

  function listen(panel, app, notebooks) {
    panel.sessionContext.iopubMessage.connect((_, message) => {
      if (isFor(panel, message, app, notebooks)) {
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
      activate: (app, notebooks) => {
        notebooks.forEach((panel) => listen(panel, app, notebooks));
        notebooks.widgetAdded.connect((_, panel) => listen(panel, app, notebooks));
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

  // Cards of save_mlflow link to the door of the lab that made them. A notebook may be opened in another one, or have
  // come from elsewhere: there the same page of that one's MLflow is meant.
  const leading = {
    id: `${NAME}:leading`,
    description: "Leads links to MLflow's pages through this lab's own address.",
    autoStart: true,
    activate: () => {
      const config = JSON.parse(document.getElementById("jupyter-config-data")?.textContent || "{}");
      const lead = (event) => {
        const link = event.target.closest?.("a.jupyter-utils-page");
        if (link?.hash) {
          link.href = `${config.baseUrl ?? "/"}mlflow/${link.hash}`;
        }
      };
      for (const kind of ["click", "auxclick", "contextmenu"]) {
        document.addEventListener(kind, lead, true);
      }
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
      return () => ({ __esModule: true, default: [hiding, leading, saving(INotebookTracker)] });
    },
  };
})();
