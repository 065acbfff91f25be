import js from '@eslint/js';
import globals from 'globals';

export default [
  // Python environments hold the scripts of other packages.
  {ignores: ['.venv*/']},
  js.configs.recommended,
  {
    linterOptions: {reportUnusedDisableDirectives: 'error'},
    rules: {
      eqeqeq: 'error',
      'no-restricted-properties': [
        'error',
        // Texts of strangers enter the page as text.
        ...['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'setHTMLUnsafe', 'createContextualFragment', 'srcdoc'].map(
          property => ({property}),
        ),
        {object: 'document', property: 'write'},
        {object: 'document', property: 'writeln'},
      ],
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      'no-script-url': 'error',
      'no-shadow': 'error',
      'no-var': 'error',
      'one-var': ['error', 'never'],
      'prefer-const': 'error',
    },
  },
  {
    files: ['components/**/*.js'],
    languageOptions: {
      globals: {
        ...globals.browser,
        // What Gradio gives to the script of a gr.HTML component.
        element: 'readonly',
        props: 'readonly',
        server: 'readonly',
        trigger: 'readonly',
        upload: 'readonly',
        watch: 'readonly',
      },
    },
  },
  {
    files: ['pipelines/bundle/*.js'],
    languageOptions: {globals: globals.browser},
  },
  {
    files: ['components/embeddings/js/*.js'],
    // Python puts it before the script.
    languageOptions: {globals: {look: 'readonly'}},
  },
  {
    files: ['tests/scripts/*.js', '*.config.js'],
    languageOptions: {globals: globals.nodeBuiltin},
  },
  {
    // Node drives Firefox, and what it hands over runs in the page.
    files: ['tests/browser/firefox/*.js'],
    languageOptions: {globals: {...globals.nodeBuiltin, document: 'readonly'}},
  },
];
