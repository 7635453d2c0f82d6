package dev.braid.models;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.config.ConfigException;
import dev.braid.config.ConfigReader;
import dev.braid.tensor.routing.Capacity;
import dev.braid.tensor.routing.ExpertChoiceRouter;
import dev.braid.tensor.routing.HashRouter;
import dev.braid.tensor.routing.NoisyTopKRouter;
import dev.braid.tensor.routing.SigmoidRouter;
import dev.braid.tensor.routing.SoftmaxRouter;
import java.util.List;
import java.util.Optional;
import org.assertj.core.api.ThrowableAssert;
import org.junit.jupiter.api.Test;

/** The settings of routers and of a capacity: what they make, and every rule with its message. */
class RouterConfigTest {
    private static MoeConfig parse(String keys) {
        ModelConfig model = ConfigReader.of(ModelConfig.class).parse("model.yaml", """
                dim: 8
                layers: 1
                context: 16
                mixers: {attn: {type: attention, heads: 2}}
                ffns: {moe: {type: moe, experts: 8, top_k: 2, hidden: 4, %s}}
                pattern: [attn+moe]
                """.formatted(keys), List.of());
        return (MoeConfig) model.ffns().get("moe");
    }

    private static Object router(String keys) {
        MoeConfig moe = parse("router: {%s}".formatted(keys));
        return moe.router().build(moe);
    }

    private static List<String> faults(String keys) {
        Throwable thrown = ThrowableAssert.catchThrowable(() -> parse(keys));
        assertThat(thrown).as("faults of %s", keys).isInstanceOf(ConfigException.class);
        return ((ConfigException) thrown)
                .faults().stream()
                        .map(fault -> fault.key().replace("ffns.moe.", "") + " " + fault.problem() + "; " + fault.fix())
                        .toList();
    }

    @Test
    void shouldMakeTheRouterThatIsNamed() {
        assertThat(router("type: softmax")).isEqualTo(new SoftmaxRouter(2, true, 1));
        assertThat(router("type: sigmoid")).isEqualTo(new SigmoidRouter(2, true, 1, 1, 1));
        assertThat(router("type: sigmoid, scale: 2.5, groups: 4, groups_kept: 2, renormalise: false"))
                .isEqualTo(new SigmoidRouter(2, false, 2.5f, 4, 2));
        assertThat(router("type: noisy_top_k")).isEqualTo(new NoisyTopKRouter(2));
        assertThat(router("type: expert_choice, causal_leak: accept")).isEqualTo(new ExpertChoiceRouter(2));
        assertThat(router("type: expert_choice, causal_leak: accept, capacity_factor: 1.5"))
                .isEqualTo(new ExpertChoiceRouter(1.5));
        assertThat(router("type: hash, seed: 3")).isInstanceOf(HashRouter.class);
    }

    @Test
    void shouldDropNoTokenUnlessACapacityIsSet() {
        assertThat(parse("shared: none").capacity()).isEmpty();
        assertThat(parse("capacity: {}").capacity())
                .isEqualTo(Optional.of(new CapacityConfig(1.25, Capacity.Drop.PROBABILITY)));
        assertThat(parse("capacity: {factor: 2, drop: position}").capacity())
                .isEqualTo(Optional.of(new CapacityConfig(2, Capacity.Drop.POSITION)));
    }

    @Test
    void shouldRefuseExpertsThatChooseTokensUntilTheLeakIsAccepted() {
        assertThat(faults("router: {type: expert_choice}"))
                .containsExactly(
                        "router.type is expert_choice, which is not causal: whether an expert takes a token depends on the"
                                + " tokens after it, so a language model's loss is of a prediction that has seen the future,"
                                + " and decoding, which has not, gives other experts; take softmax or sigmoid; for an"
                                + " experiment write router.causal_leak: accept");
    }

    @Test
    void shouldRefuseGroupsThatDoNotDivideTheExperts() {
        assertThat(faults("router: {type: sigmoid, groups: 3, scale: 0}"))
                .containsExactly(
                        "router.groups is 3, must be at least 1 and divide the 8 experts; 1 lets a token take any experts",
                        "router.scale is 0.0, must be a positive number; 1 leaves the weights as they are");
        assertThat(faults("router: {type: sigmoid, groups: 4, groups_kept: 5}"))
                .containsExactly("router.groups_kept is 5, must be 1 to groups (4); half of the groups is usual");
        assertThat(faults("router: {type: sigmoid, groups: 8, groups_kept: 1}"))
                .containsExactly(
                        "router.groups_kept is 1, which leaves 1 experts, but a token takes 2 (top_k); keep more"
                                + " groups or lower top_k");
    }

    @Test
    void shouldRefuseACapacityThatIsTooSmall() {
        assertThat(faults("capacity: {factor: 0}"))
                .containsExactly(
                        "capacity.factor is 0.0, must be a positive number: an expert would have room for no token;"
                                + " 1.25 is usual; remove capacity to drop no token");
        // 0.125 * 2 * 16 / 8
        assertThat(faults("capacity: {factor: 0.125}"))
                .containsExactly(
                        "capacity.factor is 0.125, which leaves an expert room for 0.5 tokens of a sequence of 16:"
                                + " less than one; set it to at least experts / (top_k * context) = 0.25, 1.25 is usual; remove"
                                + " ffns.moe.capacity to drop no token");
        assertThat(parse("capacity: {factor: 0.25}").capacity()).isPresent();
    }

    @Test
    void shouldRefuseWhatDoesNotGoWithTheRouter() {
        assertThat(faults("router: {type: hash}, balance: {z_loss: 0.001, bias_rate: 0.001}"))
                .containsExactly(
                        "balance.z_loss is 0.001, but this router has no logits to keep small; set it to 0",
                        "balance.bias_rate is 0.001, but this router's choice does not go by a bias; set it to 0, or take"
                                + " router.type softmax or sigmoid");
        assertThat(faults("router: {type: expert_choice, causal_leak: accept}, capacity: {}"))
                .containsExactly("capacity is set, but with this router every expert takes the same number of tokens by"
                        + " itself; remove it; router.capacity_factor says how many");
    }

    @Test
    void shouldRefuseMoreExpertsThanThereAre() {
        assertThat(faults("router: {type: expert_choice, causal_leak: accept, capacity_factor: 9}"))
                .containsExactly("router.capacity_factor is 9.0, must be above 0 and at most experts (8); 2 is usual");
    }
}
