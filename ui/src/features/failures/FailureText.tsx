import { Text } from '@mantine/core';
import { said } from '~/i18n/failures';

interface Props {
  code: string | null | undefined;
  /** As the API tells it, in English. */
  sentence: string;
}

/** What went wrong, in the page's language; below it the API's own sentence, which knows the particulars. */
export function FailureText({ code, sentence }: Props) {
  const first = said(code, sentence);
  return (
    <>
      <Text fz="sm" style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
        {first}
      </Text>
      {first !== sentence && (
        <Text fz="xs" lang="en" style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
          {sentence}
        </Text>
      )}
    </>
  );
}
