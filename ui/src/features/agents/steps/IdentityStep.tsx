import {
  Button,
  Group,
  Input,
  Menu,
  Popover,
  SimpleGrid,
  Stack,
  Text,
  Textarea,
  TextInput,
  UnstyledButton,
} from '@mantine/core';
import { IconChevronDown, IconUpload } from '@tabler/icons-react';
import { useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { AgentAvatar } from '../components/AgentAvatar';
import type { StepProps } from './props';

const EMOJI = '🤖 🛟 💼 🧑‍💻 🌍 📰 📈 🧾 📣 🔎 🗓️ 📬 🧠 🎧 🛒 🚦 🧪 🎨 📚 ⚖️ 🏥 🍽️ 🚚 🔧'.split(' ');
const EXAMPLES = ['support', 'sales', 'writer', 'analyst'] as const;
const PICTURES = 'image/png,image/jpeg,image/webp';
const LARGEST = 512_000;

/** Who it is: name, picture, what it is for, how it works. */
export function IdentityStep({ draft, change, errors, picture, onPicture }: StepProps) {
  const { t } = useTranslation('agents');
  return (
    <Stack>
      <Group align="flex-end" wrap="nowrap">
        <AvatarPicker
          avatar={draft.avatar}
          picture={picture}
          onEmoji={(avatar) => {
            onPicture(null);
            change({ avatar });
          }}
          onPicture={onPicture}
        />
        <TextInput
          label={t('name')}
          withAsterisk
          data-autofocus
          placeholder={t('identity.namePlaceholder')}
          value={draft.name}
          onChange={(event) => change({ name: event.currentTarget.value })}
          error={errors.name}
          style={{ flex: 1 }}
        />
      </Group>
      <TextInput
        label={t('description')}
        placeholder={t('identity.descriptionPlaceholder')}
        value={draft.description}
        onChange={(event) => change({ description: event.currentTarget.value })}
        error={errors.description}
      />
      <Stack gap={4}>
        <Group justify="space-between" align="flex-end">
          <Input.Label htmlFor="agent-instructions">{t('instructions')}</Input.Label>
          <Menu>
            <Menu.Target>
              <Button size="compact-xs" variant="subtle" rightSection={<IconChevronDown size={13} />}>
                {t('identity.examples')}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {EXAMPLES.map((each) => (
                <Menu.Item
                  key={each}
                  onClick={() =>
                    change({
                      instructions: [draft.instructions.trim(), t(`exampleText.${each}`)]
                        .filter(Boolean)
                        .join('\n\n'),
                    })
                  }
                >
                  {t(`exampleTitle.${each}`)}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        </Group>
        <Textarea
          id="agent-instructions"
          description={t('identity.instructionsHint')}
          autosize
          minRows={6}
          maxRows={20}
          value={draft.instructions}
          onChange={(event) => change({ instructions: event.currentTarget.value })}
          error={errors.instructions}
        />
      </Stack>
    </Stack>
  );
}

interface PickerProps {
  avatar: string | null;
  picture: File | null;
  onEmoji: (emoji: string | null) => void;
  onPicture: (file: File | null) => void;
}

function AvatarPicker({ avatar, picture, onEmoji, onPicture }: PickerProps) {
  const { t } = useTranslation('agents');
  const [open, setOpen] = useState(false);
  const [tooLarge, setTooLarge] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const choose = (emoji: string) => {
    onEmoji(emoji);
    setOpen(false);
  };
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-start" shadow="md" trapFocus>
      <Popover.Target>
        <UnstyledButton
          aria-label={t('identity.avatar')}
          onClick={() => setOpen(!open)}
          p={4}
          style={{ border: 'var(--shell-edge)', borderRadius: 7 }}
        >
          <AgentAvatar avatar={picture ? null : avatar} size={36} />
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown>
        <SimpleGrid cols={8} spacing={2}>
          {EMOJI.map((each) => (
            <UnstyledButton
              key={each}
              aria-label={each}
              p={6}
              fz={18}
              lh={1}
              ta="center"
              onClick={() => choose(each)}
            >
              {each}
            </UnstyledButton>
          ))}
        </SimpleGrid>
        <Group mt="xs" gap="xs">
          <TextInput
            aria-label={t('identity.emoji')}
            placeholder={t('identity.emoji')}
            maxLength={16}
            size="xs"
            w={120}
            onChange={(event) => event.currentTarget.value && onEmoji(event.currentTarget.value)}
          />
          <Button
            size="xs"
            variant="default"
            leftSection={<IconUpload size={14} />}
            onClick={() => input.current?.click()}
          >
            {t('identity.upload')}
          </Button>
        </Group>
        <Text fz="xs" mt={6} c={tooLarge ? 'red' : 'dimmed'} maw={280}>
          {picture && !tooLarge ? picture.name : t('identity.uploadHint')}
        </Text>
        <input
          ref={input}
          type="file"
          accept={PICTURES}
          hidden
          onChange={(event) => {
            const file = event.currentTarget.files?.[0] ?? null;
            const fits = file !== null && file.size <= LARGEST;
            setTooLarge(file !== null && !fits);
            if (fits) onPicture(file);
          }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}
