// Formats of Jupytext's whose programs are missing here (see servers/jupyter_app/pairings.py): a notebook that is
// paired so cannot be saved, so nobody is offered it.

function missingFormats() {
  const config = document.getElementById("jupyter-config-data");
  return JSON.parse(config?.textContent || "{}").jupyterUtilsMissingFormats ?? [];
}

function activate(app) {
  const hidden = new Set(
    missingFormats().flatMap((format) => [
      `jupytext:pair-nb-with-${format}`,
      `jupytext:create-new-text-notebook-${format}`,
    ]),
  );
  const never = { isVisible: () => false, isEnabled: () => false };
  const add = app.commands.addCommand.bind(app.commands);
  app.commands.addCommand = (id, options) => add(id, hidden.has(id) ? { ...options, ...never } : options);
}

export default () => ({
  id: "jupyter-utils:hiding",
  description: "Hides the commands of Jupytext that need a program which is not installed.",
  autoStart: true,
  // Requires nothing, so that it comes before Jupytext's own extension, which first waits for others.
  activate,
});
