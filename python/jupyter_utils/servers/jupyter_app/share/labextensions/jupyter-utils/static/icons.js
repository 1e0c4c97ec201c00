// Icons of the tiles, in a colour that is seen in the light and in the dark theme: the launcher shows them as pictures.

const picture = (shapes) =>
  `data:image/svg+xml,${encodeURIComponent(
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 22 22"><g fill="none" stroke="#2a7fd4" stroke-width="1.5" ' +
      `stroke-linecap="round" stroke-linejoin="round">${shapes}</g></svg>`,
  )}`;

export const ICONS = {
  // A notebook that is run.
  firstRun: picture('<path d="M5 2h8l4 4v14H5z"/><path d="M13 2v4h4"/><path d="M9 9.5v7l5.5-3.5z" fill="#2a7fd4"/>'),
  // Curves of a metric.
  mlflow: picture('<path d="M3 2v17h17"/><path d="M6 15.5c4-1 3-7 6.5-8.500s4-1.500 7-2"/><path d="M6 16.500c5 0 5-3.500 7.500-4.500s3-1 6-1.500"/>'),
  // An open book.
  guide: picture('<path d="M11 5.500C9 4 6 3.500 2.500 3.500v13c3.500 0 6.500.500 8.500 2 2-1.500 5-2 8.500-2v-13c-3.500 0-6.500.500-8.500 2z"/><path d="M11 5.500v13"/>'),
};
