import { Anchor, Box, Code, List, Stack, Table, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { type Block, blocksOf, piecesOf } from './prose';

interface Props {
  text: string;
  /** Draws what stands between bold, code and links, such as names. */
  plain?: (text: string) => ReactNode;
}

/** A text as models write it: paragraphs, lists, code, tables. */
export function Prose({ text, plain }: Props) {
  return (
    <Stack gap={8} fz="sm" style={{ overflowWrap: 'anywhere', minWidth: 0 }}>
      {blocksOf(text).map((block, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: blocks are what they are by their place
        <BlockOf key={at} block={block} plain={plain} />
      ))}
    </Stack>
  );
}

function BlockOf({ block, plain }: { block: Block; plain: Props['plain'] }) {
  if (block.kind === 'code') {
    return (
      <Code block fz="xs" tabIndex={0} style={{ overflowX: 'auto' }}>
        {block.lines.join('\n')}
      </Code>
    );
  }
  if (block.kind === 'table') {
    const [head = [], ...rows] = block.rows;
    return (
      <Box style={{ overflowX: 'auto' }} tabIndex={0}>
        <Table fz="sm" withTableBorder verticalSpacing={4} data={{ head, body: rows }} w="auto" />
      </Box>
    );
  }
  if (block.kind === 'bullets' || block.kind === 'numbers') {
    return (
      <List type={block.kind === 'numbers' ? 'ordered' : 'unordered'} fz="sm" pl={4} withPadding>
        {block.lines.map((line, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines are what they are by their place
          <List.Item key={at}>
            <Line text={line} plain={plain} />
          </List.Item>
        ))}
      </List>
    );
  }
  return (
    <Text
      component={block.kind === 'quote' ? 'blockquote' : 'p'}
      m={0}
      fz="sm"
      fw={block.kind === 'heading' ? 650 : undefined}
      c={block.kind === 'quote' ? 'dimmed' : undefined}
      pl={block.kind === 'quote' ? 'sm' : undefined}
      style={{
        whiteSpace: 'pre-wrap',
        borderLeft: block.kind === 'quote' ? '2px solid var(--mantine-color-default-border)' : undefined,
      }}
    >
      <Line text={block.lines.join('\n')} plain={plain} />
    </Text>
  );
}

function Line({ text, plain }: { text: string; plain: Props['plain'] }) {
  return piecesOf(text).map(({ at, kind, text: said, href }) => {
    if (kind === 'code') return <Code key={at}>{said}</Code>;
    if (kind === 'bold') return <strong key={at}>{said}</strong>;
    if (kind === 'italic') return <em key={at}>{said}</em>;
    if (kind === 'link') {
      return (
        <Anchor
          key={at}
          href={href}
          target="_blank"
          rel="noopener noreferrer"
          fz="inherit"
          underline="always"
        >
          {said}
        </Anchor>
      );
    }
    return <span key={at}>{plain ? plain(said) : said}</span>;
  });
}
