package dev.braid.data.tokenizer;

import java.util.Arrays;

/**
 * Merges the bytes of one word: always the pair of the lowest rank, and of equals the leftmost. Not safe for several threads.
 */
final class BpeMerger {
    /** Up to here a scan for the lowest rank beats a heap. */
    private static final int SHORT_WORD = 96;

    private static final int NONE = Integer.MAX_VALUE;

    private final BpeModel model;
    private int[] ids = new int[256];
    private int[] ranks = new int[256];
    private int[] before = new int[0];
    private int[] after = new int[0];
    private long[] heap = new long[0];
    private int heapSize;

    BpeMerger(BpeModel model) {
        this.model = model;
    }

    /** Appends the ids of the word {@code [from, to)}. */
    void merge(byte[] text, int from, int to, TokenBuffer out) {
        int count = to - from;
        if (count > ids.length) {
            ids = new int[count];
            ranks = new int[count];
        }
        for (int index = 0; index < count; index++) {
            ids[index] = model.byteIds()[text[from + index] & 0xFF];
        }
        if (count <= SHORT_WORD) {
            out.add(ids, 0, mergeShort(count));
        } else {
            mergeLong(count, out);
        }
    }

    private int rank(int left, int right) {
        int rank = model.ranks().get(PairTable.pair(left, right));
        return rank == PairTable.NONE ? NONE : rank;
    }

    private int mergeShort(int length) {
        int count = length;
        for (int index = 0; index + 1 < count; index++) {
            ranks[index] = rank(ids[index], ids[index + 1]);
        }
        while (count > 1) {
            int best = 0;
            for (int index = 1; index + 1 < count; index++) {
                if (ranks[index] < ranks[best]) {
                    best = index;
                }
            }
            if (ranks[best] == NONE) {
                break;
            }
            ids[best] = model.merged()[ranks[best]];
            count--;
            System.arraycopy(ids, best + 2, ids, best + 1, count - best - 1);
            System.arraycopy(ranks, best + 1, ranks, best, Math.max(0, count - best - 1));
            if (best > 0) {
                ranks[best - 1] = rank(ids[best - 1], ids[best]);
            }
            if (best + 1 < count) {
                ranks[best] = rank(ids[best], ids[best + 1]);
            }
        }
        return count;
    }

    private void mergeLong(int count, TokenBuffer out) {
        prepareLong(count);
        while (heapSize > 0) {
            long top = pop();
            int at = (int) top;
            int next = after[at];
            if (ids[at] < 0 || next >= count || rank(ids[at], ids[next]) != (int) (top >>> Integer.SIZE)) {
                continue;
            }
            ids[at] = model.merged()[(int) (top >>> Integer.SIZE)];
            ids[next] = -1;
            after[at] = after[next];
            if (after[at] < count) {
                before[after[at]] = at;
            }
            push(before[at], at, count);
            push(at, after[at], count);
        }
        for (int index = 0; index < count; index = after[index]) {
            out.add(ids[index]);
        }
    }

    private void prepareLong(int count) {
        if (before.length < count) {
            before = new int[count];
            after = new int[count];
            heap = new long[count];
        }
        heapSize = 0;
        for (int index = 0; index < count; index++) {
            before[index] = index - 1;
            after[index] = index + 1;
        }
        for (int index = 0; index < count; index++) {
            push(index, index + 1, count);
        }
    }

    private void push(int left, int right, int count) {
        if (left < 0 || right >= count) {
            return;
        }
        int rank = rank(ids[left], ids[right]);
        if (rank == NONE) {
            return;
        }
        if (heapSize == heap.length) {
            heap = Arrays.copyOf(heap, heap.length * 2);
        }
        long entry = (long) rank << Integer.SIZE | left;
        int slot = heapSize++;
        while (slot > 0 && heap[(slot - 1) / 2] > entry) {
            heap[slot] = heap[(slot - 1) / 2];
            slot = (slot - 1) / 2;
        }
        heap[slot] = entry;
    }

    private long pop() {
        long top = heap[0];
        long last = heap[--heapSize];
        int slot = 0;
        for (int child = 1; child < heapSize; child = 2 * slot + 1) {
            if (child + 1 < heapSize && heap[child + 1] < heap[child]) {
                child++;
            }
            if (heap[child] >= last) {
                break;
            }
            heap[slot] = heap[child];
            slot = child;
        }
        heap[slot] = last;
        return top;
    }
}
