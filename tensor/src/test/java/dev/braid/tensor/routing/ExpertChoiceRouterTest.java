package dev.braid.tensor.routing;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Experts that choose tokens. */
class ExpertChoiceRouterTest {
    private static final int NONE = Selection.NONE;

    private static int[][] experts(double factor, double[]... logits) {
        try (RoutingFixture fixture = new RoutingFixture()) {
            return RoutingFixture.ints(fixture.route(new ExpertChoiceRouter(factor), fixture.inputs(logits))
                    .experts());
        }
    }

    @Test
    void shouldLeaveATokenWithoutAnExpertAndGiveAnotherTwo() {
        // One token each: the first is the best of experts 0 and 1, the third of expert 2.
        double[][] logits = {{2, 2, -9}, {0, 0, 0}, {-5, -5, 9}};
        assertThat(experts(1, logits)).isDeepEqualTo(new int[][] {{0, 1, NONE}, {NONE, NONE, NONE}, {NONE, NONE, 2}});
    }

    @Test
    void shouldTakeTheEarlierOfEqualTokens() {
        assertThat(experts(1, new double[4][2]))
                .isDeepEqualTo(new int[][] {{0, 1}, {0, 1}, {NONE, NONE}, {NONE, NONE}});
    }

    @Test
    void shouldChangeAnEarlierTokensExpertsWithALaterToken() {
        double[][] before = {{1, 0}, {0, 1}};
        double[][] after = {{1, 0}, {9, 1}};
        assertThat(experts(1, before)[0]).containsExactly(0, NONE);
        // The first token has not changed: this is why a language model with this router is not causal.
        assertThat(experts(1, after)[0]).containsExactly(NONE, 1);
    }

    @Test
    void shouldRoundTheTokensOfAnExpertUp() {
        ExpertChoiceRouter router = new ExpertChoiceRouter(2);
        assertThat(router.capacity(16, 8)).isEqualTo(4);
        assertThat(router.capacity(17, 8)).isEqualTo(5);
        assertThat(router.capacity(1, 8)).isEqualTo(1);
    }
}
