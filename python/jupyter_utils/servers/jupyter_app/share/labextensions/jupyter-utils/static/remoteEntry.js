// A prebuilt extension of JupyterLab and Notebook 7, written as it is loaded: it is too small for a build of its own.
// (A container of webpack's module federation: `init` is given what the page shares, `get` returns the module.)
(() => {
  "use strict";

  const NAME = "jupyter-utils";
  // A plugin is a file beside this one, an ES module. Its default export is given `load`, which brings a package that
  // the page shares (`await load("@jupyterlab/notebook")`), and returns the plugin, or a promise of it.
  const PLUGINS = ["hiding", "launcher", "leading", "outputs", "saving", "terminals"];

  const here = document.currentScript.src;
  let shared;

  async function load(name) {
    const [version] = Object.values(shared[name]);
    return (await version.get())();
  }

  async function plugin(name) {
    const module = await import(new URL(`${name}.js`, here));
    return module.default(load);
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
      const plugins = await Promise.all(PLUGINS.map(plugin));
      return () => ({ __esModule: true, default: plugins });
    },
  };
})();
