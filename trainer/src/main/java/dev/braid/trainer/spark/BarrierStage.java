package dev.braid.trainer.spark;

import java.io.Serializable;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.rdd.RDD;
import org.apache.spark.resource.ResourceProfileBuilder;
import org.apache.spark.resource.TaskResourceRequests;
import scala.collection.Iterator;
import scala.reflect.ClassTag;
import scala.runtime.AbstractFunction1;

/** The Spark side of a run: a barrier stage of one task a rank, then a shuffle. The one place where Java meets Scala. */
final class BarrierStage {
    private BarrierStage() {}

    /**
     * Runs the stage to its end. The shuffle after it makes it a map stage: Spark retries such a barrier stage as a whole,
     * but ends the job at once when a barrier stage is the last one.
     *
     * @return what the ranks returned, in no order
     */
    static List<RankTask.Result> run(JavaSparkContext spark, RankLayout layout, RankTask task) {
        List<Integer> ranks = IntStream.range(0, layout.ranks()).boxed().toList();
        JavaRDD<Integer> partitions = spark.parallelize(ranks, layout.ranks());
        if (layout.profiled()) {
            TaskResourceRequests cores = new TaskResourceRequests().cpus(layout.cores());
            partitions = partitions.withResources(
                    new ResourceProfileBuilder().require(cores).build());
        }
        ClassTag<RankTask.Result> resultTag = ClassTag.apply(RankTask.Result.class);
        RDD<RankTask.Result> results = partitions.rdd().barrier().mapPartitions(new RunRank(task), false, resultTag);
        return JavaRDD.fromRDD(results, resultTag).repartition(1).collect();
    }

    /** The task as the function that Spark's Scala interface takes. */
    private static final class RunRank extends AbstractFunction1<Iterator<Integer>, Iterator<RankTask.Result>>
            implements Serializable {
        private static final long serialVersionUID = 1L;

        private final RankTask task;

        RunRank(RankTask task) {
            this.task = task;
        }

        @Override
        public Iterator<RankTask.Result> apply(Iterator<Integer> partition) {
            try {
                return scala.jdk.javaapi.CollectionConverters.asScala(
                        List.of(task.run()).iterator());
            } catch (Exception failure) {
                throw RunRank.<RuntimeException>asItIs(failure);
            }
        }

        /** Scala knows no checked exceptions: Spark sees the rank's own, not a wrapper. */
        @SuppressWarnings("unchecked")
        private static <E extends Exception> E asItIs(Exception failure) throws E {
            throw (E) failure;
        }
    }
}
