package dev.braid.tensor.routing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The largest scores, and what happens to equal ones and to those that are no numbers. */
class TopKTest {
    private static int[] best(int count, float... scores) {
        int[] best = new int[count];
        TopK.choose(scores, best);
        return best;
    }

    @Test
    void shouldPutTheLargestFirst() {
        assertThat(best(3, 1, 5, 2, 4, 3)).containsExactly(1, 3, 4);
    }

    @Test
    void shouldTakeTheLowerIndexOfEqualScores() {
        assertThat(best(3, 2, 2, 2, 2)).containsExactly(0, 1, 2);
        assertThat(best(2, 1, 2, 3, 2)).containsExactly(2, 1);
        assertThat(best(2, 0f, -0f)).containsExactly(0, 1);
    }

    @Test
    void shouldTakeNumbersBeforeWhatIsNone() {
        assertThat(best(2, Float.NaN, 1, Float.NaN, -3)).containsExactly(1, 3);
        assertThat(best(3, Float.NaN, Float.NaN, 1)).containsExactly(2, 0, 1);
    }

    @Test
    void shouldStayInRangeWithoutAnyNumber() {
        assertThat(best(3, Float.NaN, Float.NaN, Float.NaN, Float.NaN)).containsExactly(0, 1, 2);
        assertThat(best(2, Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY)).containsExactly(0, 1);
    }

    @Test
    void shouldSortAsAFullSortDoes() {
        Random random = new Random(3);
        for (int trial = 0; trial < 200; trial++) {
            float[] scores = new float[1 + random.nextInt(40)];
            for (int i = 0; i < scores.length; i++) {
                scores[i] = random.nextInt(12);
            }
            int count = 1 + random.nextInt(scores.length);
            float[] given = scores.clone();
            assertThat(best(count, scores)).containsExactly(PlainRouting.best(scores.length, count, i -> given[i]));
        }
    }

    @Test
    void shouldRouteTokensWhoseLogitsAreNoNumbers() {
        double[][] logits = new double[3][4];
        Arrays.fill(logits[0], Double.NaN);
        logits[1][2] = Double.NaN;
        logits[2][1] = Double.POSITIVE_INFINITY;
        for (Router router : new Router[] {
            new SoftmaxRouter(2, true, 1),
            new SigmoidRouter(2, true, 1, 2, 1),
            new NoisyTopKRouter(2),
            new ExpertChoiceRouter(2)
        }) {
            try (RoutingFixture fixture = new RoutingFixture()) {
                Selection selection = fixture.route(router, fixture.inputs(logits, logits));
                for (int[] token : RoutingFixture.ints(selection.experts())) {
                    assertThat(Arrays.stream(token).boxed().filter(e -> e != Selection.NONE))
                            .as("experts by %s", router)
                            .isSubsetOf(0, 1, 2, 3)
                            .doesNotHaveDuplicates();
                }
            }
        }
    }
}
