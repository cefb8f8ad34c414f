import django.db.models.deletion
import django.utils.timezone
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("calls", "0007_search"),
    ]

    operations = [
        migrations.CreateModel(
            name="DayTally",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("day", models.DateField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("total", "Everything"),
                            ("agent", "An agent, by version"),
                            ("number", "A number of ours"),
                            ("connection", "A connection"),
                        ],
                        max_length=10,
                    ),
                ),
                ("item", models.UUIDField(blank=True, null=True)),
                ("version", models.PositiveIntegerField(blank=True, null=True)),
                ("currency", models.CharField(max_length=3)),
                ("calls", models.PositiveIntegerField()),
                ("conversation", models.PositiveIntegerField()),
                ("voicemail", models.PositiveIntegerField()),
                ("no_answer", models.PositiveIntegerField()),
                ("busy", models.PositiveIntegerField()),
                ("declined", models.PositiveIntegerField()),
                ("not_connected", models.PositiveIntegerField()),
                ("failed", models.PositiveIntegerField()),
                ("canceled", models.PositiveIntegerField()),
                ("rang", models.PositiveIntegerField()),
                ("reached", models.PositiveIntegerField()),
                ("talked", models.PositiveIntegerField()),
                ("talked_ms", models.PositiveBigIntegerField()),
                ("judged", models.PositiveIntegerField()),
                ("succeeded", models.PositiveIntegerField()),
                ("cost_micros", models.BigIntegerField()),
                ("within_200", models.PositiveIntegerField()),
                ("within_300", models.PositiveIntegerField()),
                ("within_400", models.PositiveIntegerField()),
                ("within_500", models.PositiveIntegerField()),
                ("within_600", models.PositiveIntegerField()),
                ("within_700", models.PositiveIntegerField()),
                ("within_800", models.PositiveIntegerField()),
                ("within_900", models.PositiveIntegerField()),
                ("within_1000", models.PositiveIntegerField()),
                ("within_1200", models.PositiveIntegerField()),
                ("within_1400", models.PositiveIntegerField()),
                ("within_1600", models.PositiveIntegerField()),
                ("within_2000", models.PositiveIntegerField()),
                ("within_2500", models.PositiveIntegerField()),
                ("within_3000", models.PositiveIntegerField()),
                ("within_4000", models.PositiveIntegerField()),
                ("within_6000", models.PositiveIntegerField()),
                ("slower", models.PositiveIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="HourTally",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("day", models.DateField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("total", "Everything"),
                            ("agent", "An agent, by version"),
                            ("number", "A number of ours"),
                            ("connection", "A connection"),
                        ],
                        max_length=10,
                    ),
                ),
                ("item", models.UUIDField(blank=True, null=True)),
                ("version", models.PositiveIntegerField(blank=True, null=True)),
                ("currency", models.CharField(max_length=3)),
                ("calls", models.PositiveIntegerField()),
                ("conversation", models.PositiveIntegerField()),
                ("voicemail", models.PositiveIntegerField()),
                ("no_answer", models.PositiveIntegerField()),
                ("busy", models.PositiveIntegerField()),
                ("declined", models.PositiveIntegerField()),
                ("not_connected", models.PositiveIntegerField()),
                ("failed", models.PositiveIntegerField()),
                ("canceled", models.PositiveIntegerField()),
                ("rang", models.PositiveIntegerField()),
                ("reached", models.PositiveIntegerField()),
                ("talked", models.PositiveIntegerField()),
                ("talked_ms", models.PositiveBigIntegerField()),
                ("judged", models.PositiveIntegerField()),
                ("succeeded", models.PositiveIntegerField()),
                ("cost_micros", models.BigIntegerField()),
                ("within_200", models.PositiveIntegerField()),
                ("within_300", models.PositiveIntegerField()),
                ("within_400", models.PositiveIntegerField()),
                ("within_500", models.PositiveIntegerField()),
                ("within_600", models.PositiveIntegerField()),
                ("within_700", models.PositiveIntegerField()),
                ("within_800", models.PositiveIntegerField()),
                ("within_900", models.PositiveIntegerField()),
                ("within_1000", models.PositiveIntegerField()),
                ("within_1200", models.PositiveIntegerField()),
                ("within_1400", models.PositiveIntegerField()),
                ("within_1600", models.PositiveIntegerField()),
                ("within_2000", models.PositiveIntegerField()),
                ("within_2500", models.PositiveIntegerField()),
                ("within_3000", models.PositiveIntegerField()),
                ("within_4000", models.PositiveIntegerField()),
                ("within_6000", models.PositiveIntegerField()),
                ("slower", models.PositiveIntegerField()),
                ("hour", models.PositiveSmallIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="Look",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("unconfirmed", "Not sure it went out"),
                            ("failed", "Failed by us or the provider"),
                            ("opt_out", "Asked not to be called"),
                            ("tool", "A tool failed"),
                            ("unhappy", "The person was unhappy"),
                            ("missed", "The goal was missed"),
                            ("gap", "Nothing had told us of it"),
                            ("rule", "A rule of your own"),
                        ],
                        max_length=11,
                    ),
                ),
                ("words", models.CharField(blank=True, max_length=200)),
                ("found_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("done_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="LookRule",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("query", models.TextField()),
                ("is_on", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "ordering": ["name", "id"],
            },
        ),
        migrations.CreateModel(
            name="StaleHour",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("at", models.DateTimeField()),
                ("marked_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name="Summary",
            fields=[
                (
                    "workspace",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="summary",
                        serialize=False,
                        to="dashboard.workspace",
                    ),
                ),
                ("zone", models.CharField(blank=True, max_length=60)),
                ("counted_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.AddField(
            model_name="daytally",
            name="workspace",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="dashboard.workspace",
            ),
        ),
        migrations.AddField(
            model_name="hourtally",
            name="workspace",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="dashboard.workspace",
            ),
        ),
        migrations.AddField(
            model_name="look",
            name="call",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="looks",
                to="calls.call",
            ),
        ),
        migrations.AddField(
            model_name="look",
            name="done_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="look",
            name="workspace",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="looks",
                to="dashboard.workspace",
            ),
        ),
        migrations.AddField(
            model_name="lookrule",
            name="created_by",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="lookrule",
            name="workspace",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="look_rules",
                to="dashboard.workspace",
            ),
        ),
        migrations.AddField(
            model_name="look",
            name="rule",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                to="calls.lookrule",
            ),
        ),
        migrations.AddField(
            model_name="stalehour",
            name="workspace",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="stale_hours",
                to="dashboard.workspace",
            ),
        ),
        migrations.AddIndex(
            model_name="daytally",
            index=models.Index(
                fields=["workspace", "kind", "day"], name="day_tally_of_kind"
            ),
        ),
        migrations.AddIndex(
            model_name="hourtally",
            index=models.Index(
                fields=["workspace", "kind", "day", "hour"], name="hour_tally_of_kind"
            ),
        ),
        migrations.AddConstraint(
            model_name="lookrule",
            constraint=models.UniqueConstraint(
                fields=("workspace", "name"), name="look_rule_once_per_name"
            ),
        ),
        migrations.AddIndex(
            model_name="look",
            index=models.Index(
                condition=models.Q(("done_at", None)),
                fields=["workspace", "-call", "-id"],
                name="look_open",
            ),
        ),
        migrations.AddIndex(
            model_name="look",
            index=models.Index(
                condition=models.Q(("done_at", None), ("reason", "unconfirmed")),
                fields=["call"],
                name="look_unsure",
            ),
        ),
        migrations.AddIndex(
            model_name="look",
            index=models.Index(
                condition=models.Q(("done_at__isnull", False)),
                fields=["workspace", "-done_at"],
                name="look_done",
            ),
        ),
        migrations.AddConstraint(
            model_name="look",
            constraint=models.UniqueConstraint(
                condition=models.Q(("rule", None)),
                fields=("call", "reason"),
                name="look_once_per_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="look",
            constraint=models.UniqueConstraint(
                condition=models.Q(("rule__isnull", False)),
                fields=("call", "rule"),
                name="look_once_per_rule",
            ),
        ),
        migrations.AddConstraint(
            model_name="look",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "reason__in",
                        [
                            "unconfirmed",
                            "failed",
                            "opt_out",
                            "tool",
                            "unhappy",
                            "missed",
                            "gap",
                            "rule",
                        ],
                    )
                ),
                name="look_reason_known",
            ),
        ),
    ]
