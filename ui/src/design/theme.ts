import { type CSSVariablesResolver, createTheme, type MantineColorsTuple, rem } from '@mantine/core';

const indigo: MantineColorsTuple = [
  '#eff1fd',
  '#dde1f8',
  '#b8c0ef',
  '#919de7',
  '#707fe0',
  '#5c6cdb',
  '#4457d8',
  '#3a4ac0',
  '#3141ac',
  '#263797',
];
const neutral: MantineColorsTuple = [
  '#d5d7da',
  '#b9bcc2',
  '#9a9fa8',
  '#6d737d',
  '#454a53',
  '#343941',
  '#272b31',
  '#1c1f24',
  '#141619',
  '#0e1012',
];

/** Calm: neutral greys, one accent, small type, small radius, dense tables. */
export const theme = createTheme({
  primaryColor: 'indigo',
  primaryShade: { light: 6, dark: 5 },
  colors: { indigo, dark: neutral },
  fontFamily:
    'Inter, ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  fontSizes: { xs: rem(12), sm: rem(13), md: rem(14), lg: rem(16), xl: rem(20) },
  defaultRadius: 'md',
  radius: { sm: rem(4), md: rem(7), lg: rem(10) },
  headings: {
    fontWeight: '600',
    sizes: {
      h1: { fontSize: rem(20), lineHeight: '1.4' },
      h2: { fontSize: rem(16) },
      h3: { fontSize: rem(14) },
    },
  },
  cursorType: 'pointer',
  focusRing: 'auto',
  components: {
    Button: { defaultProps: { size: 'sm' } },
    TextInput: { defaultProps: { size: 'sm' } },
    PasswordInput: { defaultProps: { size: 'sm' } },
    Select: { defaultProps: { size: 'sm' } },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: true } },
    Anchor: { defaultProps: { underline: 'always' } },
    Menu: { defaultProps: { shadow: 'md', position: 'bottom-end', withInitialFocusPlaceholder: false } },
    Table: { defaultProps: { verticalSpacing: 8, horizontalSpacing: 12, fz: 'sm' } },
  },
});

/** Text colours with a contrast of at least 4.5 on their grounds (WCAG 2.2, 1.4.3), where Mantine's own have less. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#5c636d',
    '--mantine-color-placeholder': '#6b727c',
    '--mantine-color-gray-light-color': '#454b54',
    '--mantine-color-teal-light-color': '#08684b',
    '--mantine-color-yellow-light-color': '#7d5200',
    '--mantine-color-red-light-color': '#b02a2a',
    '--mantine-color-blue-light-color': '#1a5da8',
    '--mantine-color-error': '#c02b2b',
  },
  dark: {
    '--mantine-color-dimmed': '#a3a9b3',
    '--mantine-color-placeholder': '#8d949f',
    '--mantine-color-anchor': '#919de7',
    '--mantine-color-error': '#ff9c9c',
    '--mantine-color-red-light': '#3a2225',
    '--mantine-color-red-light-color': '#ffb4b4',
    '--mantine-color-yellow-light': '#373020',
    '--mantine-color-yellow-light-color': '#f2d489',
  },
});
