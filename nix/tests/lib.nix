# Python for test scripts: runs of MLflow by its REST API.
''
  import json


  def log_run(node, value, options=""):
      """Make a run with one parameter; its id."""
      api = "http://127.0.0.1:15000/api/2.0/mlflow/runs"
      send = f"curl --fail --silent {options} --header 'Content-Type: application/json'"
      created = json.loads(node.succeed(f"{send} {api}/create --data '{json.dumps({'experiment_id': '0'})}'"))
      run_id = created["run"]["info"]["run_id"]
      body = json.dumps({"run_id": run_id, "key": "value", "value": value})
      node.succeed(f"{send} {api}/log-parameter --data '{body}'")
      return run_id


  def value_of(node, run_id, options=""):
      """The parameter of a run that was made by log_run."""
      url = f"http://127.0.0.1:15000/api/2.0/mlflow/runs/get?run_id={run_id}"
      run = json.loads(node.succeed(f"curl --fail --silent {options} '{url}'"))["run"]
      return run["data"]["params"][0]["value"]

''
