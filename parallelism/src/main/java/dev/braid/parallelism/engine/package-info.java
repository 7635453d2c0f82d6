/**
 * The progress engine of a rank. Everything in it runs under one lock, in whatever thread polls: a thread that waits for a
 * handle, or else the rank's progress thread. It never blocks and reads time only from its clock, so that a simulation can
 * drive it.
 *
 * <p>A collective is made of transfers (bytes from one rank to another, named by group, sequence number and lane) and tasks (the
 * copies and sums on this rank). A transfer travels in one of three ways: small ones at once, within a window of credit; large
 * ones by reference where the receiver can read the sender's memory; other large ones in pieces, once the receiver has said that
 * it is ready. So nothing arrives that there is no room for, and no order of starting operations can block another.
 */
package dev.braid.parallelism.engine;
