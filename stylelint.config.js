export default {
  extends: 'stylelint-config-standard',
  rules: {
    // The timeline's script reads the colours as six digits.
    'color-hex-length': 'long',
    // Range notation needs Safari 16.4.
    'media-feature-range-notation': 'prefix',
    // Files of several rooms share one cascade; those rules compare unrelated elements.
    'no-descending-specificity': null,
    // Safari knows user-select only with its prefix.
    'property-no-vendor-prefix': null,
    // Some classes are Gradio's.
    'selector-class-pattern': null,
  },
};
