// What our extension of the page says, in the two languages that this project speaks.

const ENGLISH = {
  mlflow: "MLflow",
  mlflowCaption: "Runs, their metrics, files and models (opens a tab of the browser)",
  firstRun: "A First Run",
  firstRunCaption: "A small example to run: a model of texts, saved to MLflow and loaded again",
  guide: "Guide",
  guideCaption: "Saving, finding and repeating runs, on one page",
  saveRun: "Save a Run",
  saveRunCaption: "Put a cell that saves a run at the end of this notebook; you run it",
  notebookRuns: "Runs of This Notebook",
  notebookRunsCaption: "The runs that this notebook has saved, in MLflow (opens a tab of the browser)",
  noRuns: "This notebook has no runs in MLflow yet. Its next save_mlflow makes one; what waits on the disk, jupyter_utils.runs() lists.",
  failed: "That did not work",
};

const JAPANESE = {
  mlflow: "MLflow",
  mlflowCaption: "ラン、指標、ファイル、モデルの一覧 (ブラウザーの新しいタブで開きます)",
  firstRun: "はじめてのラン",
  firstRunCaption: "すぐに実行できる例: テキストのモデルを作り、MLflow に保存し、読み戻します",
  guide: "ガイド",
  guideCaption: "ランの保存、検索、再実行を 1 ページで",
  saveRun: "ランを保存するセルを挿入",
  saveRunCaption: "このノートブックの末尾に、ランを保存するセルを挿入します (実行はしません)",
  notebookRuns: "このノートブックのラン",
  notebookRunsCaption: "このノートブックが保存したランを MLflow で表示します (ブラウザーの新しいタブで開きます)",
  noRuns: "このノートブックのランは、まだ MLflow にありません。save_mlflow を実行すると作られます。ディスク上で送信を待つランは jupyter_utils.runs() で一覧できます。",
  failed: "実行できませんでした",
};

// What stands in the cell of "Save a Run": as it is, it runs and saves a run without values.
const CELL = {
  en: {
    first: "# Commits this notebook, and saves a run with these values in MLflow.",
    result: "tables, texts, figures",
  },
  ja: {
    first: "# このノートブックをコミットし、次の値を持つランを MLflow に保存します。",
    result: "表、テキスト、図",
  },
};

export const languageOf = (translator) => (/^ja\b/i.test(translator?.languageCode ?? "") ? "ja" : "en");

export const wordsOf = (language) => (language === "ja" ? JAPANESE : ENGLISH);

export function savingCell(language, experiment) {
  const { first, result } = CELL[language];
  return `${first}
import jupyter_utils

jupyter_utils.save_mlflow(
    experiment_name=${JSON.stringify(experiment)},
    params={},  # {"lr": 0.1}
    metrics={},  # {"f1": 0.9}
    dataset={},  # {"train.csv": train_df, "test.csv": test_df}
    model={},  # {"classifier": model}
    result={},  # {"predictions.csv": results_df}: ${result}
)`;
}
