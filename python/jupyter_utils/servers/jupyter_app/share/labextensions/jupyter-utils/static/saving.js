// Saves a notebook for `save_mlflow`, which asks the tab that runs the cell.

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

export default async (load) => {
  const { INotebookTracker } = await load("@jupyterlab/notebook");
  return {
    id: "jupyter-utils:saving",
    description: "Saves a notebook when a cell that this tab runs asks for it.",
    autoStart: true,
    requires: [INotebookTracker],
    activate: (app, notebooks) => {
      notebooks.forEach((panel) => listen(panel, app, notebooks));
      notebooks.widgetAdded.connect((_, panel) => listen(panel, app, notebooks));
    },
  };
};
