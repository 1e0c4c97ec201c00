// Comes before MLflow's own scripts in its page, where that stands inside of JupyterLab's address.
(() => {
  "use strict";

  // JupyterLab takes a change only from a page that shows that it can read its cookie.
  const token = () => document.cookie.match(/(?:^|;\s*)_xsrf=([^;]*)/)?.[1] ?? "";
  const isHere = (url) => new URL(url, document.baseURI).origin === location.origin;

  const fetched = window.fetch.bind(window);
  window.fetch = (input, options) => {
    const request = new Request(input, options);
    if (isHere(request.url)) {
      request.headers.set("X-XSRFToken", token());
    }
    return fetched(request);
  };
  const send = XMLHttpRequest.prototype.send;
  const open = XMLHttpRequest.prototype.open;
  const here = new WeakSet();
  XMLHttpRequest.prototype.open = function (method, url, ...others) {
    open.call(this, method, url, ...(others.length ? others : [true]));
    if (isHere(url)) {
      here.add(this);
    }
  };
  XMLHttpRequest.prototype.send = function (body) {
    if (here.has(this)) {
      this.setRequestHeader("X-XSRFToken", token());
    }
    send.call(this, body);
  };

  // What MLflow would ask or show on a first visit; a choice that somebody has made stays.
  const defaults = {
    "mlflow.workflowType_v1": '"machine_learning"',
    "mlflow.settings.telemetry.enabled_v1": "false",
    "mlflow.telemetry.info.alert.dismissed_v1": "true",
    "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": "true",
  };
  for (const [name, value] of Object.entries(defaults)) {
    if (localStorage.getItem(name) === null) {
      localStorage.setItem(name, value);
    }
  }
})();
