package dev.braid.data.tokenizer;

import java.util.List;

/** Several steps, each cutting the words of the one before. */
record ChainSplitter(List<WordSplitter> steps) implements WordSplitter {
    ChainSplitter {
        steps = List.copyOf(steps);
    }

    @Override
    public void split(byte[] text, int from, int to, Words words) {
        split(0, text, from, to, words);
    }

    private void split(int step, byte[] text, int from, int to, Words words) {
        if (step == steps.size()) {
            words.word(text, from, to);
        } else {
            steps.get(step).split(text, from, to, (part, start, end) -> split(step + 1, part, start, end, words));
        }
    }
}
