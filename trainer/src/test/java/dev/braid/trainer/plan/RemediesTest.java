package dev.braid.trainer.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.mesh.Mesh;
import dev.braid.tensor.DType;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.Test;

class RemediesTest {
    private static List<String> changes(PlanInput input) {
        return Remedies.of(input).stream().map(Remedy::change).toList();
    }

    @Test
    void shouldOfferWhatSavesMostFirst() {
        List<Remedy> remedies = Remedies.of(Shapes.small(Mesh.of(1, 2, 1), 8));
        assertThat(remedies).isSortedAccordingTo(Comparator.comparingLong(Remedy::total));
        assertThat(remedies)
                .allMatch(remedy -> remedy.total() == Plan.of(remedy.input()).total());
        assertThat(remedies.stream().map(Remedy::change))
                .containsExactlyInAnyOrder(
                        "train.recompute=block",
                        "batch.microbatch=4",
                        "parallel.tensor=2",
                        "parallel.shard=4 batch.microbatch=4");
    }

    @Test
    void shouldOfferHigherStagesToAShardGroup() {
        PlanInput input = Shapes.small(Mesh.of(1, 8, 1), 2);
        assertThat(changes(input.withMesh(input.mesh(), 1))).contains("parallel.zero=2", "parallel.zero=3");
        assertThat(changes(input.withMesh(input.mesh(), 1))).doesNotContain("parallel.zero=1");
    }

    @Test
    void shouldOfferToShardWhatIsReplicated() {
        assertThat(changes(Shapes.small(Mesh.of(4, 1, 1), 1))).contains("parallel.replicate=2 parallel.shard=2");
    }

    @Test
    void shouldOfferMoreShardRanksOnlyWhereTheyShareTheSequences() {
        // Sixteen sequences: 16 ranks have one each, 32 ranks can't.
        assertThat(changes(Shapes.small(Mesh.of(1, 8, 1), 2))).contains("parallel.shard=16 batch.microbatch=1");
        assertThat(changes(Shapes.small(Mesh.of(1, 16, 1), 1))).doesNotContain("parallel.shard=32");
    }

    @Test
    void shouldOfferToReduceEveryMicrobatchAndToDropValuesOnlyWhereThatSaves() {
        PlanInput kept = Shapes.small(Mesh.of(1, 4, 1), 1).withSharding(false, false);
        assertThat(changes(kept)).contains("parallel.accumulate=sharded", "parallel.reshard_after_forward=true");
        PlanInput one = Shapes.small(Mesh.of(1, 4, 1), 4);
        assertThat(changes(one)).doesNotContain("parallel.accumulate=sharded", "parallel.reshard_after_forward=true");
    }

    @Test
    void shouldOfferOnlyTensorRanksThatDivideTheHeads() {
        // Sixteen heads: 32 tensor ranks have none for each.
        assertThat(changes(Shapes.small(Mesh.of(1, 1, 8), 1))).contains("parallel.tensor=16");
        assertThat(changes(Shapes.small(Mesh.of(1, 1, 16), 1))).doesNotContain("parallel.tensor=32");
    }

    @Test
    void shouldOfferHalfPrecisionOnlyToSingle() {
        PlanInput input = Shapes.small(Mesh.SINGLE, 4);
        assertThat(changes(input)).doesNotContain("precision.compute=bf16");
        assertThat(changes(input.withCompute(DType.F32))).contains("precision.compute=bf16");
    }

    @Test
    void shouldFindAWayThatFitsAndKeepToTheRanksThereAre() {
        PlanInput input = Shapes.small(Mesh.of(2, 2, 1), 4);
        long limit = Plan.of(input).total() * 7 / 10;
        List<Remedy> made = Remedies.until(input, limit);
        assertThat(made.getLast().total()).isLessThanOrEqualTo(limit);
        assertThat(made.getLast().input().mesh().ranks()).isEqualTo(4);
        assertThat(Remedies.until(input, Long.MAX_VALUE)).isEmpty();
    }

    @Test
    void shouldEndWhenNothingHelpsAnyMore() {
        List<Remedy> made = Remedies.until(Shapes.small(Mesh.SINGLE, 1), 1);
        assertThat(made.getLast().total()).isGreaterThan(1);
        assertThat(made.size()).isLessThanOrEqualTo(12);
    }
}
