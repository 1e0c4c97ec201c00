// Cards of save_mlflow link to the door of the lab that made them. A notebook may be opened in another one, or have
// come from elsewhere: there the same page of that one's MLflow is meant.

function activate() {
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
}

export default () => ({
  id: "jupyter-utils:leading",
  description: "Leads links to MLflow's pages through this lab's own address.",
  autoStart: true,
  activate,
});
