// Opens a terminal in the file browser's folder where nothing names another: from the menu and the command palette.
// (From the launcher it is the folder that the launcher was opened in. Below the server's root: see terminals.py.)

export default async (load) => {
  const { IDefaultFileBrowser } = await load("@jupyterlab/filebrowser");
  return {
    id: "jupyter-utils:terminals",
    description: "Opens terminals in the folder of the file browser.",
    autoStart: true,
    optional: [IDefaultFileBrowser],
    activate: (app, browser) => {
      const { contents, terminals } = app.serviceManager;
      const start = terminals.startNew.bind(terminals);
      const folder = () => (browser ? contents.localPath(browser.model.path) : "");
      terminals.startNew = (options = {}) => start({ ...options, cwd: options.cwd ?? folder() });
    },
  };
};
